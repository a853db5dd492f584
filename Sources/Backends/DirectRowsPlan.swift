import Convolution
import KernelInterface
import Parallel

/// A direct convolution of plain planes with fewer channels than a vector has lanes, stride 1 across.
///
/// The lanes hold neighbouring pixels of a row (`RowTile`): source rows are read as they lie, border
/// copied around them where there is one, and output rows are written in place. A blocked schedule
/// would have to transpose the whole output, which takes as long as the arithmetic of a first layer.
///
/// An item is a band of output rows of one image; its source rows stay in the first two cache levels
/// while all output channels pass over each row.
final class DirectRowsPlan: ConvolutionPlan {
  let variant: String
  let src: TensorDescription
  let dst: TensorDescription
  let weightsBytes: Int
  let workspaceBytes: Int
  let executedFLOPs: Double
  let errorBound: any ErrorBound = SummationBound()

  /// Tiles that follow each other along a row.
  private struct Run {
    let firstPixel: Int
    let vectors: Int
    let tiles: Int
  }

  private let problem: ConvolutionProblem
  private let options: PlanOptions
  private let kernels: KernelContext
  private let source: DirectSource
  private let runs: [Run]
  /// Output channels of a tile.
  private let panels: [Range<Int>]
  private let bands: [Range<Int>]
  private let region: ParallelRegion
  private let weights: AlignedBuffer
  private let bias: AlignedBuffer
  private let windows: AlignedBuffer
  private let streams: Bool

  /// Whether this schedule fits; the row must have a vector of pixels.
  static func takes(_ p: ConvolutionProblem, _ options: PlanOptions) -> Bool {
    let lanes = options.isa.kernels.lanes
    return options.layout == .nchw && p.icPerGroup < lanes && p.sw == 1 && p.ow >= lanes
  }

  /// - Parameter streamsAbove: bytes of a destination from which it is written past the caches, as by `DirectPlan`.
  init(
    _ original: ConvolutionProblem, _ options: PlanOptions,
    streamsAbove: Int = CacheSizes.current.l3 / 2
  ) throws(AllocationError) {
    self.options = options
    kernels = options.isa.kernels
    src = original.srcDescription(.nchw)
    dst = original.dstDescription(.nchw)
    streams =
      !options.relu && dst.count * 4 > streamsAbove
      && (original.oh * original.ow).isMultiple(of: kernels.lanes)
    let problem = original.flattened
    self.problem = problem
    var source = DirectSource(problem, options, kernels, copiesBorder: true)
    let images = problem.mb * problem.g
    bands = source.bands(
      budget: CacheSizes.current.l2 * 3 / 8, otherItems: images, threads: options.threads,
      rowBytes: 0)
    source.reserve(rows: bands.map(\.count).max()!)
    self.source = source
    panels = RegisterTiling.split(problem.ocPerGroup, most: kernels.max_pixels(2))
    runs = Self.runs(problem.ow, lanes: kernels.lanes)
    windows = try AlignedBuffer(count: source.windowCount * options.threads)
    weights = try AlignedBuffer(count: problem.weiCount)
    bias = try AlignedBuffer(count: problem.oc)
    region = ParallelRegion(threads: options.threads, stages: [images * bands.count])
    weightsBytes = weights.byteCount + (options.bias ? bias.byteCount : 0)
    workspaceBytes = windows.byteCount
    let computed = runs.reduce(0) { $0 + $1.tiles * $1.vectors } * kernels.lanes
    executedFLOPs =
      2 * Double(problem.mb * problem.oc * problem.oh * computed) * Double(problem.reduction)
    variant = "\(panels[0].count)x\(runs[0].vectors) rows"
  }

  /// Tiles of two vectors, then what is left. The last tile is moved back into the row: what it
  /// computes again comes out the same.
  private static func runs(_ pixels: Int, lanes: Int) -> [Run] {
    let full = pixels / (2 * lanes)
    var runs = full > 0 ? [Run(firstPixel: 0, vectors: 2, tiles: full)] : []
    let rest = pixels - full * 2 * lanes
    if rest > lanes, full > 0 {
      runs.append(Run(firstPixel: pixels - 2 * lanes, vectors: 2, tiles: 1))
    } else if rest > 0 {
      if rest >= lanes { runs.append(Run(firstPixel: full * 2 * lanes, vectors: 1, tiles: 1)) }
      if rest != lanes { runs.append(Run(firstPixel: pixels - lanes, vectors: 1, tiles: 1)) }
    }
    return runs
  }

  func prepare(wei: UnsafePointer<Float>, bias source: UnsafePointer<Float>?) {
    let (p, order) = (problem, self.source.stepOrder)
    if let source { bias.baseAddress.update(from: source, count: p.oc) }
    // [group][panel][step][channel of the panel]
    var target = weights.baseAddress
    for g in 0..<p.g {
      for panel in panels {
        for step in order {
          for k in panel {
            target.pointee = wei[(g * p.ocPerGroup + k) * p.reduction + step]
            target += 1
          }
        }
      }
    }
  }

  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    region.run { _, item, thread in
      let (image, band) = item.quotientAndRemainder(dividingBy: bands.count)
      let rows = bands[band]
      let window = windows.baseAddress + thread * source.windowCount
      if source.isPacked { source.pack(src, image: image, unit: 0, rows: rows, to: window) }
      let view = source.view(
        src, image: image, firstRow: rows.lowerBound, packed: rows, window: window)
      for row in rows {
        compute(
          view.origin + (row - rows.lowerBound) * view.rowStride, image: image, row: row, to: dst)
      }
      if streams { kernel_end_streaming() }
    }
  }

  /// All output channels of one row of one group of one image.
  private func compute(
    _ pixels: UnsafePointer<Float>, image: Int, row: Int, to dst: UnsafeMutablePointer<Float>
  ) {
    let p = problem
    let plane = p.oh * p.ow
    let group = image % p.g
    let target = dst + image * p.ocPerGroup * plane + row * p.ow
    var arguments = source.rowArguments(
      pixels, wei: weights.readOnly + group * p.ocPerGroup * p.reduction, dst: target)
    arguments.plane_stride = plane
    arguments.relu = options.relu ? 1 : 0
    for panel in panels {
      if options.bias { arguments.bias = bias.readOnly + group * p.ocPerGroup + panel.lowerBound }
      for run in runs {
        arguments.src = pixels + run.firstPixel
        arguments.dst = target + panel.lowerBound * plane + run.firstPixel
        arguments.tiles = run.tiles
        arguments.streams = streams && kernels.isAligned(arguments.dst) ? 1 : 0
        kernels.row_tile(panel.count, run.vectors)(&arguments)
      }
      arguments.wei += panel.count * p.reduction
    }
  }
}
