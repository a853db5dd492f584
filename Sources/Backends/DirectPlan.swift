import Convolution
import KernelInterface
import Parallel

/// Packed weights, schedule and scratch memory of one direct convolution.
///
/// The work is cut into bands of output rows or columns of output channels, as `DirectSchedule` says.
///
/// An image of a single row (that is what 1×1 convolutions make of it) is cut along the row instead.
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
  let schedule: DirectSchedule
  /// Parts of the columns, each an item of its own.
  let columnItems: Int
  /// Rows of output, or a piece of the only one.
  private struct Band {
    let rows: Range<Int>
    /// Cut where the taps inside the image change; in `pieces`.
    let pieces: Range<Int>
    /// The first of those of each column, in `runs`.
    let runs: Int
  }
  // What threads share lies in stable memory: each would have to wait for the other's count of references.
  private let bands: StableTable<Band>
  private let pieces: StableTable<Range<Int>>
  private let runs: StableTable<DirectRuns.View>
  /// Vectors of output channels in each column of tiles.
  private let columns: StableTable<Range<Int>>
  private let runsOwners: [DirectRuns]
  private let region: ParallelRegion
  private let weights: AlignedBuffer
  private let bias: AlignedBuffer
  private let windows: AlignedBuffer
  private let rows: AlignedBuffer
  private let rowCount: Int
  private let streams: Bool
  /// Whether tiles write the destination, and past the caches.
  var tilesStream: Bool { streams && options.layout == .native }

  /// - Parameters:
  ///   - forcedSchedule: nil lets the plan choose.
  ///   - streamsAbove: bytes of a destination from which it is written past the caches: the last level, which
  ///     others share, would not keep it, and lines need not be read before. vgg16-conv1_1 with 8 images, 103 MB: 1.32
  ///     times as fast on one thread, 1.40 on two; from half of the last level on 1.02 to 1.14. Not with ReLU: a
  ///     store that streams and rectifies was no longer inlined. Planes of NCHW where all their vectors are aligned.
  init(
    _ original: ConvolutionProblem, _ options: PlanOptions, forcedSchedule: DirectSchedule? = nil,
    streamsAbove: Int = CacheSizes.current.l3 / 2
  ) throws(AllocationError) {
    self.options = options
    let kernels = options.isa.kernels
    self.kernels = kernels
    let lanes = kernels.lanes
    let isNative = options.layout == .native
    let vectors = kernels.vectors(original.ocPerGroup)
    let groupWeights = vectors * lanes * original.reduction
    let readsPlanes = DirectSource.readsPlanes(original, options)
    // Windows of a strided 1×1 convolution hold only the pixels that it reads.
    let unstrided =
      isNative || readsPlanes || original.icPerGroup < lanes ? nil : original.withoutStrides
    func reading(_ p: ConvolutionProblem) -> DirectSource {
      DirectSource(
        p, options, kernels, copiesBorder: Self.copiesBorder(p),
        sampledFrom: unstrided.map { _ in original })
    }
    func tiled(_ source: DirectSource) -> RegisterTiling {
      RegisterTiling(
        pixels: source.middle.count, vectors: vectors, kernels: kernels,
        nearSteps: source.problem.reduction, canPairChannels: source.canPairChannels)
    }
    let whole = (unstrided ?? original).flattened
    let wholeSource = reading(whole)
    schedule =
      forcedSchedule
      ?? DirectSchedule(
        wholeSource, tiled(wholeSource), threads: options.threads, cache: .current)
    let (byColumns, budget) = (schedule.byColumns, schedule.budget)
    let problem =
      isNative || byColumns
      ? whole
      : Self.divided(
        unstrided ?? original, threads: options.threads, budget: budget, isWindow: !readsPlanes)
    self.problem = problem
    var source = reading(problem)
    src = original.srcDescription(source.layout)
    dst = original.dstDescription(isNative ? .blocked(lanes: lanes) : .nchw)
    streams =
      !options.relu && dst.count * 4 > streamsAbove
      && (isNative || (original.oh * original.ow).isMultiple(of: lanes))
    tiling = tiled(source)

    let images = problem.mb * problem.g
    let isOneRow = problem.oh == 1 && isNative && !source.isPacked
    let rowBytes = isNative ? 0 : problem.ow * tiling.widestColumn * lanes * 4
    let fixedColumnItems = byColumns ? tiling.columns.count : isOneRow || source.isPacked ? 1 : nil
    let cuts = (fixedColumnItems.map { [$0] } ?? tiling.evenParts).map { parts in
      let bands =
        isOneRow
        ? [0..<1]
        : source.bands(
          budget: budget, otherItems: images * parts, threads: options.threads, rowBytes: rowBytes)
      let busiest = WorkSplit.busiest(bands.count, problem.oh, images * parts, options.threads)
      return (parts: parts, bands: bands, cost: busiest / Double(parts))
    }
    // Threads that share the columns of a band all read its rows: only where rows alone go badly into them.
    let least = cuts.map(\.cost).min()!
    let (columnItems, bandRows, _) = cuts.first { $0.cost <= 1.01 * least }!
    self.columnItems = columnItems
    let highest = bandRows.map(\.count).max()!
    source.reserve(rows: byColumns ? problem.oh : highest)
    self.source = source
    windows = try AlignedBuffer(
      count: source.windowCount * (byColumns ? images : options.threads))
    rowCount = isNative ? 0 : highest * problem.ow * tiling.widestColumn * lanes
    rows = try AlignedBuffer(count: rowCount * options.threads)
    weights = try AlignedBuffer(count: problem.g * groupWeights)
    bias = try AlignedBuffer(count: problem.g * vectors * lanes)
    let fixed = source
    columns = StableTable(
      tiling.columns.map { $0.firstVector..<$0.firstVector + $0.vectors })
    var owners: [DirectRuns] = []
    var pieces: [Range<Int>] = []
    let bands: [Band]
    if isOneRow {
      let tile = tiling.columns[0].runs[0].pixels
      let most = max(1, budget / 4 / (problem.sw * problem.icPerGroup) / tile)
      let width = tiling.columns[0].vectors
      bands = WorkSplit.parts(
        of: (problem.ow + tile - 1) / tile, most: most, otherItems: images * columnItems,
        threads: options.threads
      ).map { tiles in
        let pixels = tiles.lowerBound * tile..<min(tiles.upperBound * tile, problem.ow)
        let piece = RegisterTiling(
          pixels: pixels.count, vectors: vectors, kernels: kernels, forcedVectors: width,
          canPairChannels: fixed.canPairChannels)
        let first = owners.count
        owners += piece.columns.map { DirectRuns($0, from: pixels.lowerBound, source: fixed) }
        return Band(rows: 0..<1, pieces: 0..<1, runs: first)
      }
      pieces = [0..<1]
    } else {
      let middle = fixed.middle
      let sides = Array(0..<middle.lowerBound) + Array(middle.upperBound..<problem.ow)
      owners = tiling.columns.map {
        DirectRuns($0, from: middle.lowerBound, sides: sides, source: fixed)
      }
      bands = bandRows.map {
        let first = pieces.count
        pieces += fixed.rowsOfSameTaps($0)
        return Band(rows: $0, pieces: first..<pieces.count, runs: 0)
      }
    }
    self.bands = StableTable(bands)
    self.pieces = StableTable(pieces)
    runs = StableTable(owners.map(\.view))
    runsOwners = owners
    let items = images * columnItems * bands.count
    let packItems = byColumns && source.isPacked ? images * source.packUnits : 0
    region = ParallelRegion(threads: options.threads, stages: [packItems, items])
    weightsBytes = weights.byteCount + (options.bias ? bias.byteCount : 0)
    workspaceBytes = windows.byteCount + rows.byteCount
    executedFLOPs =
      2 * Double(images * fixed.innerTaps * vectors * lanes) * Double(problem.icPerGroup)
    let tile = tiling.columns[0]
    variant = "\(tile.runs[0].pixels)x\(tile.vectors) \(byColumns ? "columns" : "bands")"
  }

  /// An NCHW 1×1 image as rows that threads share: as few as give each the same, in windows of `budget` bytes.
  /// With one row for all, two threads were no faster than one. A single thread's window may as well hold all.
  private static func divided(
    _ p: ConvolutionProblem, threads: Int, budget: Int, isWindow: Bool
  ) -> ConvolutionProblem {
    guard threads > 1 || !isWindow else { return p.flattened }
    let windows = (p.icPerGroup * p.ih * p.iw * 4 - 1) / budget + 1
    return p.flattened(rows: max(threads, windows), threads: threads)
  }

  /// Whether plain planes get a border in memory. Else tiles at the left and right leave taps out, in calls of
  /// their own: up to 7 % faster for 3 to 12 channels from 28 columns on, slower for 14 columns (7 %) or one
  /// channel (16 %), where too little is left to do in a call.
  private static func copiesBorder(_ p: ConvolutionProblem) -> Bool {
    p.ow < 28 || p.icPerGroup == 1
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
        WeightColumn(
          firstChannel: column.firstVector * lanes, vectors: column.vectors,
          pairsSteps: column.tile.pairsChannels),
        steps: p.reduction, channels: p.ocPerGroup, lanes: lanes,
        to: packed + g * stored + column.firstVector * lanes * p.reduction
      ) { channel, step in
        wei[(g * p.ocPerGroup + channel) * p.reduction + order[step]]
      }
    }
  }

  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    let units = source.packUnits
    region.run { stage, item, thread in
      if stage == 0 {
        let (image, unit) = item.quotientAndRemainder(dividingBy: units)
        source.pack(
          src, image: image, unit: unit, rows: 0..<problem.oh,
          to: windows.baseAddress + image * source.windowCount)
        return
      }
      let (outer, band) = item.quotientAndRemainder(dividingBy: bands.count)
      let (image, part) = outer.quotientAndRemainder(dividingBy: columnItems)
      let own = part * columns.count / columnItems..<(part + 1) * columns.count / columnItems
      let rows = bands.values[band].rows
      if schedule.byColumns {
        let view = source.view(
          src, image: image, firstRow: rows.lowerBound, packed: 0..<problem.oh,
          window: windows.baseAddress + image * source.windowCount)
        compute(
          view, image: image, bands.values[band], columns: own, dst, thread)
      } else {
        let window = windows.baseAddress + thread * source.windowCount
        if source.isPacked {
          for unit in 0..<units {
            source.pack(src, image: image, unit: unit, rows: rows, to: window)
          }
        }
        let view = source.view(
          src, image: image, firstRow: rows.lowerBound, packed: rows, window: window)
        compute(
          view, image: image, bands.values[band], columns: own, dst, thread)
      }
    }
  }

  /// All output channels of `columns` for a band of one image and group.
  private func compute(
    _ view: DirectSource.View, image: Int, _ band: Band, columns indices: Range<Int>,
    _ dst: UnsafeMutablePointer<Float>, _ thread: Int
  ) {
    let rows = band.rows
    let (lanes, p) = (kernels.lanes, problem)
    let group = image % p.g
    let vectors = bias.count / p.g / lanes
    let scratch = self.rows.baseAddress + thread * rowCount
    let isNative = options.layout == .native
    let imageOffset = image * vectors * p.oh * p.ow * lanes
    for c in indices {
      let column = columns.values[c]
      let plane = isNative ? p.oh * p.ow * lanes : rows.count * p.ow * lanes
      let first =
        isNative
        ? dst + imageOffset + column.lowerBound * plane + rows.lowerBound * p.ow * lanes
        : scratch
      var arguments = source.arguments(
        view, dst: first,
        wei: weights.readOnly + group * (weights.count / p.g)
          + column.lowerBound * lanes * p.reduction, isFirst: c == indices.lowerBound)
      arguments.wei_ahead = schedule.weightsStream ? tapsAhead(column) : 0
      arguments.dst_pixel_stride = lanes
      arguments.dst_vector_stride = plane
      arguments.relu = options.relu ? 1 : 0
      if options.bias {
        arguments.bias_vectors = bias.readOnly + (group * vectors + column.lowerBound) * lanes
      }
      let runs = runs.values[band.runs + c]
      for piece in band.pieces {
        let same = pieces.values[piece]
        let offset = same.lowerBound - rows.lowerBound
        let start = Rows(
          count: same.count, src: view.origin + offset * view.rowStride,
          srcStride: view.rowStride, dst: first + offset * p.ow * lanes,
          dstStride: p.ow * lanes, tapRows: source.tapRows(same.lowerBound),
          vectors: column.count)
        for run in runs.runs { multiply(run, runs.calls, start, &arguments) }
      }
      if !isNative { unpack(column, image: image, rows: rows, from: scratch, to: dst) }
    }
    if streams { kernel_end_streaming() }
  }

  /// Weights are fetched a block of channels ahead, which is right also for calls that use only some
  /// columns of taps and so skip weights in every block.
  private func tapsAhead(_ column: Range<Int>) -> Int {
    problem.kh * problem.kw * kernels.lanes * column.count * kernels.lanes
  }

  private func unpack(
    _ column: Range<Int>, image: Int, rows: Range<Int>,
    from scratch: UnsafeMutablePointer<Float>, to dst: UnsafeMutablePointer<Float>
  ) {
    let (lanes, p) = (kernels.lanes, problem)
    let pixels = rows.count * p.ow
    let first = dst + rows.lowerBound * p.ow
    let areAligned = pixels.isMultiple(of: lanes) && kernels.isAligned(first)
    for v in 0..<column.count {
      let channel = (column.lowerBound + v) * lanes
      var arguments = ReorderArguments(
        src: scratch + v * pixels * lanes,
        dst: first + (image * p.ocPerGroup + channel) * p.oh * p.ow,
        pixels: pixels, row_pixels: pixels, row_gap: 0,
        channels: min(lanes, p.ocPerGroup - channel), plane_stride: p.oh * p.ow,
        ahead: ReorderArguments.strip, streams: streams && areAligned ? 1 : 0)
      kernels.unpack_channels(&arguments)
    }
  }
}
