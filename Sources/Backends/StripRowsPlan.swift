import Convolution
import KernelInterface
import Parallel
import WinogradAlgebra

/// Winograd's filtering along rows with plain planes as destination: `StripPlan` turned round.
///
/// The lanes hold neighbouring strips of a row (`StripRowTile`), so that output rows are written in place, as by
/// `DirectRowsPlan`. Weights: `[tile][tap down][c][ξ][channel of the tile]`.
///
/// An item is a band of output rows of one image: its thread transforms the lines that they read. All output
/// channels pass over each place of each row in turn, whose few strips stay in the first-level cache.
final class StripRowsPlan: ClockedPlan {
  let variant: String
  let src: TensorDescription
  let dst: TensorDescription
  let errorBound: any ErrorBound
  let phases: [ConvolutionPhase: PhaseWork]
  let executedFLOPs: Double
  let weightsBytes: Int
  let workspaceBytes: Int

  /// All tiles of one shape in one place of a row.
  private struct Tiles {
    let run: StripGeometry.RowRun
    let panel: StripGeometry.RowPanel
    let function: StripRowFunction
  }

  private let problem: ConvolutionProblem
  private let options: PlanOptions
  private let geometry: StripGeometry
  // What threads share lies in stable memory: each would have to wait for the other's count of references.
  private let tiles: StableTable<Tiles>
  private let weights: AlignedBuffer
  private let bias: AlignedBuffer
  private let lines: StripLines
  private let streams: Bool

  /// - Parameter streamsAbove: bytes of a destination from which it is written past the caches, as by `StripPlan`.
  init(
    _ geometry: StripGeometry, _ options: PlanOptions,
    streamsAbove: Int = CacheSizes.current.l3
  ) throws(AllocationError) {
    let (p, kernels, algorithm) = (geometry.problem, geometry.kernels, geometry.algorithm)
    (self.geometry, self.options, problem) = (geometry, options, p)
    src = p.srcDescription(.nchw)
    dst = p.dstDescription(.nchw)
    streams = !options.relu && dst.count * 4 > streamsAbove
    errorBound = StripBound(geometry)
    let panels = geometry.rowPanels
    tiles = StableTable(
      geometry.rowRuns.flatMap { run in
        panels.map { panel in
          Tiles(
            run: run, panel: panel,
            function: kernels.strip_row_tile(
              algorithm.m, algorithm.r, panel.channels, run.vectors)!)
        }
      })
    weights = try AlignedBuffer(count: geometry.weightsCount)
    bias = try AlignedBuffer(count: p.oc)
    lines = try StripLines(geometry, threads: options.threads)
    weightsBytes = weights.byteCount + (options.bias ? bias.byteCount : 0)
    workspaceBytes = lines.byteCount
    phases = geometry.work(
      threads: options.threads, srcBytes: src.count * 4, dstBytes: dst.count * 4,
      near: workspaceBytes,
      weightsBytes: weights.byteCount)
    executedFLOPs = phases.values.reduce(0) { $0 + $1.flops }
    variant = "\(geometry.name) rows \(geometry.stripsATile)"
  }

  var threads: Int { options.threads }

  /// `G g` for each row of a kernel in float64, rounded once.
  func prepare(wei: UnsafePointer<Float>, bias source: UnsafePointer<Float>?) {
    let (p, panels, geometry) = (problem, self.geometry.rowPanels, geometry)
    if let source { bias.baseAddress.update(from: source, count: p.oc) }
    let taps = p.icPerGroup * p.kh * p.kw
    let stored = weights.count / p.oc
    // Safety: every item writes the transformed weights of its own channel.
    nonisolated(unsafe) let (wei, packed) = (wei, weights.baseAddress)
    ParallelRegion(threads: options.threads, stages: [p.oc]).run { _, channel, _ in
      let k = channel % p.ocPerGroup
      let panel = panels.last { $0.firstChannel <= k }!
      let place = (k - panel.firstChannel) % panel.channels
      geometry.transformKernel(
        wei + channel * taps, stride: panel.channels,
        to: packed + (channel - place) * stored + place)
    }
  }

  func run(
    _ src: UnsafePointer<Float>, _ dst: UnsafeMutablePointer<Float>, clock: PhaseClock?
  ) {
    lines.run(src, clock: clock) { image, rows, thread in
      let first = geometry.lines(rows).lowerBound
      for row in rows { compute(image: image, row, from: first, to: dst, thread) }
      if streams { kernel_end_streaming() }
    }
  }

  /// All output channels of a row of one group of one image; `first` is the first line that is transformed.
  private func compute(
    image: Int, _ row: Int, from first: Int, to dst: UnsafeMutablePointer<Float>, _ thread: Int
  ) {
    let p = problem
    let (lanes, group, plane) = (geometry.lanes, image % p.g, p.oh * p.ow)
    let taps = geometry.taps(row: row)
    let pixels = lines.line(row - p.ph + taps.lowerBound - first, thread)
    let stored = weights.count / p.oc
    let target = dst + image * p.ocPerGroup * plane + row * p.ow
    let canStream = streams && plane.isMultiple(of: lanes)
    var arguments = StripRowArguments(
      src: pixels, step_stride: geometry.lineCount, steps: taps.count * p.icPerGroup,
      wei: weights.readOnly, tile_wei_stride: 0, dst: dst, plane_stride: plane,
      dst_vector_stride: 0, bias: nil, relu: options.relu ? 1 : 0, streams: 0, tiles: 0)
    for index in 0..<tiles.count {
      let tiles = tiles.values[index]
      let (run, panel) = (tiles.run, tiles.panel)
      let channel = group * p.ocPerGroup + panel.firstChannel
      arguments.src = pixels + run.offset
      arguments.wei =
        weights.readOnly + channel * stored + taps.lowerBound * stored / p.kh * panel.channels
      arguments.tile_wei_stride = panel.channels * stored
      arguments.dst = target + panel.firstChannel * plane + run.firstPixel
      arguments.dst_vector_stride = run.pixelsApart
      if options.bias { arguments.bias = bias.readOnly + channel }
      arguments.streams =
        canStream && run.pixelsApart.isMultiple(of: lanes)
          && geometry.kernels.isAligned(arguments.dst) ? 1 : 0
      arguments.tiles = panel.tiles
      tiles.function(&arguments)
    }
  }
}
