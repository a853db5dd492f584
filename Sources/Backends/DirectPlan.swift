import Convolution
import KernelInterface
import Parallel

/// Packed weights, schedule and scratch memory of one direct convolution.
///
/// The work is cut into bands of output rows and columns of output channels. Two schedules:
/// - *bands* (weights fit half of L2): an item is a band; the thread packs the band's source rows into
///   its own window, which stays in L2 while all output channels pass over it.
/// - *columns* (large weights): all threads first pack the whole image together; an item is one
///   column of output channels, whose weights stay in L2 while the image passes over them. Weights
///   then stream from memory once.
final class DirectPlan: ConvolutionPlan {
  let variant: String
  let src: TensorDescription
  let dst: TensorDescription
  let weightsBytes: Int
  let workspaceBytes: Int
  let executedFLOPs: Double
  let errorBound: any ErrorBound = SummationBound()

  let problem: ConvolutionProblem
  let options: PlanOptions
  let kernels: KernelContext
  let source: DirectSource
  let tiling: RegisterTiling
  let byColumns: Bool
  private let bands: [Range<Int>]
  private let region: ParallelRegion
  private let weights: AlignedBuffer
  private let bias: AlignedBuffer
  private let windows: AlignedBuffer
  private let rows: AlignedBuffer
  private let rowCount: Int

  init(_ original: ConvolutionProblem, _ options: PlanOptions) throws(AllocationError) {
    self.options = options
    let kernels = options.isa.kernels
    self.kernels = kernels
    let lanes = kernels.lanes
    let problem = original.flattened
    self.problem = problem
    var source = DirectSource(problem, options, kernels)
    src = original.srcDescription(source.layout)
    let isNative = options.layout == .native
    dst = original.dstDescription(isNative ? .blocked(lanes: lanes) : .nchw)
    let vectors = (problem.ocPerGroup + lanes - 1) / lanes
    tiling = RegisterTiling(pixels: problem.ow, vectors: vectors, kernels: kernels)

    let cache = CacheSizes.current
    let groupWeights = vectors * lanes * problem.reduction
    byColumns = groupWeights * 4 > cache.l2 / 2
    let images = problem.mb * problem.g
    let columns = byColumns ? tiling.columns.count : 1
    let budget = byColumns ? Int.max : cache.l2 * 3 / 8
    bands = source.bands(
      budget: budget, otherItems: images * columns, threads: options.threads,
      rowBytes: isNative ? 0 : problem.ow * tiling.widestColumn * lanes * 4)
    let highest = bands.map(\.count).max()!
    source.reserve(rows: byColumns ? problem.oh : highest)
    self.source = source
    windows = try AlignedBuffer(
      count: source.windowCount * (byColumns ? images : options.threads))
    rowCount = isNative ? 0 : highest * problem.ow * tiling.widestColumn * lanes
    rows = try AlignedBuffer(count: rowCount * options.threads)
    weights = try AlignedBuffer(count: problem.g * groupWeights)
    bias = try AlignedBuffer(count: problem.g * vectors * lanes)
    let items = images * columns * bands.count
    let packItems = byColumns && source.isPacked ? images * source.packUnits : 0
    region = ParallelRegion(threads: options.threads, stages: [packItems, items])
    weightsBytes = weights.byteCount + (options.bias ? bias.byteCount : 0)
    workspaceBytes = windows.byteCount + rows.byteCount
    executedFLOPs =
      2 * Double(images * problem.oh * problem.ow) * Double(vectors * lanes)
      * Double(problem.reduction)
    let tile = tiling.columns[0]
    variant = "\(tile.runs[0].pixels)x\(tile.vectors) \(byColumns ? "columns" : "bands")"
  }

  func prepare(wei: UnsafePointer<Float>, bias source: UnsafePointer<Float>?) {
    let (lanes, p, columns) = (kernels.lanes, problem, tiling.columns)
    let order = self.source.stepOrder
    let stored = weights.count / p.g
    if let source { scatterBias(source, p, lanes: lanes, to: bias) }
    // Safety: every item writes the packed weights of its own column of its own group.
    nonisolated(unsafe) let (wei, packed) = (wei, weights.baseAddress)
    ParallelRegion(threads: options.threads, stages: [p.g * columns.count]).run { _, item, _ in
      let (g, c) = item.quotientAndRemainder(dividingBy: columns.count)
      let column = columns[c]
      packColumn(
        WeightColumn(firstChannel: column.firstVector * lanes, vectors: column.vectors),
        steps: p.reduction, channels: p.ocPerGroup, lanes: lanes,
        to: packed + g * stored + column.firstVector * lanes * p.reduction
      ) { channel, step in
        wei[(g * p.ocPerGroup + channel) * p.reduction + order[step]]
      }
    }
  }

  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    let units = source.packUnits
    let columns = byColumns ? tiling.columns.count : 1
    region.run { stage, item, thread in
      if stage == 0 {
        let (image, unit) = item.quotientAndRemainder(dividingBy: units)
        source.pack(
          src, image: image, unit: unit, rows: 0..<problem.oh,
          to: windows.baseAddress + image * source.windowCount)
        return
      }
      let (outer, band) = item.quotientAndRemainder(dividingBy: bands.count)
      let (image, column) = outer.quotientAndRemainder(dividingBy: columns)
      let rows = bands[band]
      if byColumns {
        let view = source.view(
          src, image: image, firstRow: rows.lowerBound, packedFrom: 0,
          window: windows.baseAddress + image * source.windowCount)
        compute(view, image: image, rows: rows, columns: column..<column + 1, dst, thread)
      } else {
        let window = windows.baseAddress + thread * source.windowCount
        if source.isPacked {
          for unit in 0..<units {
            source.pack(src, image: image, unit: unit, rows: rows, to: window)
          }
        }
        let view = source.view(
          src, image: image, firstRow: rows.lowerBound, packedFrom: rows.lowerBound, window: window)
        compute(view, image: image, rows: rows, columns: tiling.columns.indices, dst, thread)
      }
    }
  }

  /// All output channels of `columns` for a band of rows of one image and group.
  private func compute(
    _ view: DirectSource.View, image: Int, rows: Range<Int>, columns: Range<Int>,
    _ dst: UnsafeMutablePointer<Float>, _ thread: Int
  ) {
    let (lanes, p) = (kernels.lanes, problem)
    let group = image % p.g
    let vectors = bias.count / p.g / lanes
    let scratch = self.rows.baseAddress + thread * rowCount
    let isNative = options.layout == .native
    let imageOffset = image * vectors * p.oh * p.ow * lanes
    for c in columns {
      let column = tiling.columns[c]
      let plane = isNative ? p.oh * p.ow * lanes : rows.count * p.ow * lanes
      let first =
        isNative
        ? dst + imageOffset + column.firstVector * plane + rows.lowerBound * p.ow * lanes
        : scratch
      var arguments = source.arguments(
        view, dst: first,
        wei: weights.readOnly + group * (weights.count / p.g)
          + column.firstVector * lanes * p.reduction)
      arguments.dst_pixel_stride = lanes
      arguments.dst_vector_stride = plane
      arguments.relu = options.relu ? 1 : 0
      if options.bias {
        arguments.bias_vectors = bias.readOnly + (group * vectors + column.firstVector) * lanes
      }
      for row in 0..<rows.count {
        let srcRow = view.base + row * p.sh * view.rowStride
        let dstRow = first + row * p.ow * lanes
        for run in column.runs {
          arguments.src = srcRow + run.firstPixel * view.pixelStride
          arguments.dst = dstRow + run.firstPixel * lanes
          run.function(&arguments)
        }
      }
      if !isNative { unpack(column, image: image, rows: rows, from: scratch, to: dst) }
    }
  }

  private func unpack(
    _ column: RegisterTiling.Column, image: Int, rows: Range<Int>,
    from scratch: UnsafeMutablePointer<Float>, to dst: UnsafeMutablePointer<Float>
  ) {
    let (lanes, p) = (kernels.lanes, problem)
    let pixels = rows.count * p.ow
    for v in 0..<column.vectors {
      let channel = (column.firstVector + v) * lanes
      var arguments = ReorderArguments(
        src: scratch + v * pixels * lanes,
        dst: dst + (image * p.ocPerGroup + channel) * p.oh * p.ow + rows.lowerBound * p.ow,
        pixels: pixels, row_pixels: pixels, row_gap: 0,
        channels: min(lanes, p.ocPerGroup - channel), plane_stride: p.oh * p.ow)
      kernels.unpack_channels(&arguments)
    }
  }
}
