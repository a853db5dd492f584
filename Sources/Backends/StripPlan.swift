import Convolution
import KernelInterface
import Parallel
import WinogradAlgebra

/// Winograd's filtering along rows, for plain planes with fewer channels than a vector has lanes.
///
/// With few channels the 2-D transforms of outputs take longer than the products that they save. Along rows alone
/// they are short enough to follow the products in registers (`StripTile`), and those are half of the direct
/// ones for F(4, 3).
///
/// Weights (L = lanes, ξ = place in a spectrum): `[column][tap down][c][ξ][vectors·L]`. An item is a band of output
/// rows of one image: its thread transforms the lines that they read, which stay in its L2 while all output channels
/// pass over them.
final class StripPlan: ClockedPlan {
  let variant: String
  let src: TensorDescription
  let dst: TensorDescription
  let errorBound: any ErrorBound
  let phases: [ConvolutionPhase: PhaseWork]
  let executedFLOPs: Double
  let weightsBytes: Int
  let workspaceBytes: Int

  /// Vectors of output channels with the tiles of a row.
  private struct Column {
    let vectors: Range<Int>
    let runs: Range<Int>
  }

  private struct Tiles {
    let run: StripGeometry.Run
    let function: StripFunction
  }

  private let problem: ConvolutionProblem
  private let options: PlanOptions
  private let geometry: StripGeometry
  // What threads share lies in stable memory: each would have to wait for the other's count of references.
  private let columns: StableTable<Column>
  private let tiles: StableTable<Tiles>
  private let weights: AlignedBuffer
  private let bias: AlignedBuffer
  private let lines: StripLines
  private let lanes: Int
  private let vectors: Int
  private let streams: Bool

  /// - Parameter streamsAbove: bytes of a destination from which it is written past the caches, as by
  ///   `DirectPlan`; from half of the last level on one thread would be 1.10 to 1.25 times as fast so, two mostly .78
  ///   to .97. vgg16-conv1_1 with 8 images, 103 MB: 1.38 times as fast on one thread, 1.34 on two.
  init(
    _ geometry: StripGeometry, _ options: PlanOptions,
    streamsAbove: Int = CacheSizes.current.l3
  ) throws(AllocationError) {
    let (p, kernels, algorithm) = (geometry.problem, geometry.kernels, geometry.algorithm)
    (self.geometry, self.options, problem) = (geometry, options, p)
    (lanes, vectors) = (geometry.lanes, geometry.vectors)
    src = p.srcDescription(.nchw)
    dst = p.dstDescription(.blocked(lanes: lanes))
    streams = !options.relu && dst.count * 4 > streamsAbove
    errorBound = StripBound(geometry)
    var tiles: [Tiles] = []
    columns = StableTable(
      geometry.columns.map { vectors in
        let first = tiles.count
        tiles += geometry.runs(vectors: vectors.count).map {
          Tiles(
            run: $0,
            function: kernels.strip_tile(algorithm.m, algorithm.r, $0.strips, vectors.count)!)
        }
        return Column(vectors: vectors, runs: first..<tiles.count)
      })
    self.tiles = StableTable(tiles)
    weights = try AlignedBuffer(count: geometry.weightsCount)
    bias = try AlignedBuffer(count: p.g * vectors * lanes)
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

  /// `G g` for each row of a kernel in float64, rounded once.
  func prepare(wei: UnsafePointer<Float>, bias source: UnsafePointer<Float>?) {
    let (p, lanes, columns, vectors) = (problem, lanes, self.columns, self.vectors)
    if let source { scatterBias(source, p, lanes: lanes, to: bias) }
    let geometry = geometry
    let rows = p.kh * p.icPerGroup
    // Safety: every item writes the transformed weights of its own column of its own group.
    nonisolated(unsafe) let (wei, packed) = (wei, weights.baseAddress)
    ParallelRegion(threads: options.threads, stages: [p.g * columns.count]).run { _, item, _ in
      let (group, c) = item.quotientAndRemainder(dividingBy: columns.count)
      let own = columns.values[c].vectors
      let first = own.lowerBound * lanes
      let target = packed + (group * vectors * lanes + first) * rows * geometry.algorithm.alpha
      for k in first..<min(own.upperBound * lanes, p.ocPerGroup) {
        geometry.transformKernel(
          wei + (group * p.ocPerGroup + k) * rows * p.kw, stride: own.count * lanes,
          to: target + (k - first))
      }
    }
  }

  var threads: Int { options.threads }

  func run(
    _ src: UnsafePointer<Float>, _ dst: UnsafeMutablePointer<Float>, clock: PhaseClock?
  ) {
    lines.run(src, clock: clock) { image, rows, thread in
      compute(image: image, rows, to: dst, thread)
    }
  }

  /// All output channels of a band of one group of one image.
  private func compute(
    image: Int, _ rows: Range<Int>, to dst: UnsafeMutablePointer<Float>, _ thread: Int
  ) {
    let (p, alpha) = (problem, geometry.algorithm.alpha)
    let group = image % p.g
    let plane = p.oh * p.ow * lanes
    let steps = p.kh * p.icPerGroup
    let first = geometry.lines(rows).lowerBound
    for c in 0..<columns.count {
      let column = columns.values[c]
      let place = group * vectors + column.vectors.lowerBound
      let wei = weights.readOnly + place * lanes * steps * alpha
      let planes = dst + (image * vectors + column.vectors.lowerBound) * plane
      let tapStride = p.icPerGroup * alpha * column.vectors.count * lanes
      for row in rows {
        let taps = geometry.taps(row: row)
        let pixels = lines.line(row - p.ph + taps.lowerBound - first, thread)
        var arguments = StripArguments(
          src: pixels, first_strip: 0, step_stride: geometry.lineCount,
          steps: taps.count * p.icPerGroup,
          wei: wei + taps.lowerBound * tapStride, dst: planes, dst_vector_stride: plane,
          bias: options.bias ? bias.readOnly + place * lanes : nil, relu: options.relu ? 1 : 0,
          streams: streams && geometry.kernels.isAligned(planes) ? 1 : 0,
          tiles: 0)
        for index in column.runs {
          let tiles = tiles.values[index]
          arguments.src = pixels + tiles.run.offset
          arguments.first_strip = tiles.run.firstStrip
          arguments.dst = planes + (row * p.ow + tiles.run.firstPixel) * lanes
          arguments.tiles = tiles.run.tiles
          tiles.function(&arguments)
        }
      }
    }
    if streams { kernel_end_streaming() }
  }
}
