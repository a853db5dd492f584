import Convolution
import KernelInterface
import Parallel

/// A depthwise convolution in blocks of channels: output channel c reads input channel c alone.
///
/// The lanes hold channels of different groups (`DepthwiseTile`). A native tensor has all channels in
/// blocks of one vector, as if there were no groups, and is read and written in place; taps outside
/// the image are left out. An NCHW image goes block by block through a window, its border of zeros
/// included, and its results through a transposed copy; both stay in L2.
///
/// An item is a band of output rows of one block of channels.
final class DepthwisePlan: ConvolutionPlan {
  let variant: String
  let src: TensorDescription
  let dst: TensorDescription
  let weightsBytes: Int
  let workspaceBytes: Int
  let executedFLOPs: Double
  let errorBound: any ErrorBound = SummationBound()

  /// Tiles of one shape that follow each other.
  private struct Run {
    let firstPixel: Int
    let pixels: Int
    let tiles: Int
    let function: DepthwiseFunction
    /// Of each tile and column of taps, the first pixel that has the column and the one after the last, in
    /// `limits` from here on.
    let limits: Int
    /// (Pixel, column of taps) pairs of all tiles.
    let columnTaps: Int
  }

  /// Output rows that follow each other and have the same taps.
  private struct Piece {
    let rows: Range<Int>
    let tapRows: Range<Int>
  }

  /// Output rows, and their part of `pieces`.
  private struct Band {
    let rows: Range<Int>
    let pieces: Range<Int>
  }

  private let problem: ConvolutionProblem
  private let options: PlanOptions
  private let kernels: KernelContext
  private let packer: WindowPacker
  // What threads share lies in stable memory: each would have to wait for the other's count of references.
  private let runs: StableTable<Run>
  private let limits: StableTable<Int32>
  private let taps: TapTable
  private let blocks: Int
  private let bands: StableTable<Band>
  private let pieces: StableTable<Piece>
  private let region: ParallelRegion
  private let weights: AlignedBuffer
  private let bias: AlignedBuffer
  private let windows: AlignedBuffer
  private let rows: AlignedBuffer
  private let windowCount: Int
  private let rowCount: Int
  private let windowColumns: Int

  /// Whether each output channel has an input channel of its own.
  static func takes(_ p: ConvolutionProblem) -> Bool { p.g > 1 && p.g == p.ic && p.g == p.oc }

  init(_ problem: ConvolutionProblem, _ options: PlanOptions) throws(AllocationError) {
    self.problem = problem
    self.options = options
    let kernels = options.isa.kernels
    self.kernels = kernels
    let lanes = kernels.lanes
    let isNative = options.layout == .native
    let layout = isNative ? TensorLayout.blocked(lanes: lanes) : .nchw
    src = problem.srcDescription(layout, groupsApart: !isNative)
    dst = problem.dstDescription(layout, groupsApart: !isNative)
    packer = WindowPacker(
      src: problem.srcDescription(layout, groupsApart: false), kernels: kernels)
    let blocks = packer.blocks
    self.blocks = blocks
    let reach = TapRange.reach(problem.ow, problem.sw, problem.kw, problem.dw)
    windowColumns = isNative ? problem.iw : reach
    let columns = windowColumns
    let taps = (0..<problem.kw).flatMap { s in
      (0..<problem.kh).map { r in (r * (problem.dh + 1) * columns + s * (problem.dw + 1)) * lanes }
    }
    self.taps = TapTable(taps)
    let (runs, limits) = Self.runs(problem, kernels, isPadded: !isNative)
    self.runs = StableTable(runs)
    self.limits = StableTable(limits)

    let cache = CacheSizes.current
    func windowRows(_ rows: Int) -> Int {
      TapRange.reach(rows, problem.sh, problem.kh, problem.dh)
    }
    var most = problem.oh
    while !isNative, most > 1,
      (windowRows(most) * columns + most * problem.ow) * lanes * 4 > cache.l2 / 4
    {
      most -= 1
    }
    let bandRows = WorkSplit.parts(
      of: problem.oh, most: most, otherItems: problem.mb * blocks, threads: options.threads)
    var pieces: [Piece] = []
    bands = StableTable(
      bandRows.map {
        let first = pieces.count
        pieces += Self.pieces($0, problem, isPadded: !isNative)
        return Band(rows: $0, pieces: first..<pieces.count)
      })
    self.pieces = StableTable(pieces)
    let highest = bandRows.map(\.count).max()!
    windowCount = isNative ? 0 : windowRows(highest) * columns * lanes
    rowCount = isNative ? 0 : highest * problem.ow * lanes
    windows = try AlignedBuffer(count: windowCount * options.threads)
    rows = try AlignedBuffer(count: rowCount * options.threads)
    weights = try AlignedBuffer(count: blocks * taps.count * lanes)
    bias = try AlignedBuffer(count: blocks * lanes)
    region = ParallelRegion(
      threads: options.threads, stages: [problem.mb * blocks * bands.count])
    weightsBytes = weights.byteCount + (options.bias ? bias.byteCount : 0)
    workspaceBytes = windows.byteCount + rows.byteCount
    let rowTaps = pieces.reduce(0) { $0 + $1.rows.count * $1.tapRows.count }
    let columnTaps = runs.reduce(0) { $0 + $1.columnTaps }
    executedFLOPs = 2 * Double(problem.mb * blocks * lanes) * Double(rowTaps * columnTaps)
    variant = "\(runs[0].pixels)x1 depthwise"
  }

  private static func pieces(
    _ band: Range<Int>, _ p: ConvolutionProblem, isPadded: Bool
  ) -> [Piece] {
    var pieces: [Piece] = []
    for row in band {
      let tapRows = isPadded ? 0..<p.kh : p.tapRows(row)
      let last = pieces.last.flatMap { $0.tapRows == tapRows ? pieces.removeLast() : nil }
      pieces.append(Piece(rows: (last?.rows.lowerBound ?? row)..<row + 1, tapRows: tapRows))
    }
    return pieces
  }

  private static func runs(
    _ p: ConvolutionProblem, _ kernels: KernelContext, isPadded: Bool
  ) -> ([Run], limits: [Int32]) {
    let tiles = RegisterTiling.split(p.ow, most: kernels.max_depthwise_pixels)
    var all: [Int32] = []
    let runs = Dictionary(grouping: tiles, by: \.count).values.map { tiles in
      let limits = tiles.flatMap { tile in
        (0..<p.kw).map { s in
          let inside = isPadded ? tile : p.tapColumns(s).clamped(to: tile)
          return inside.lowerBound - tile.lowerBound..<inside.upperBound - tile.lowerBound
        }
      }
      defer { all += limits.flatMap { [Int32($0.lowerBound), Int32($0.upperBound)] } }
      return Run(
        firstPixel: tiles[0].lowerBound, pixels: tiles[0].count, tiles: tiles.count,
        function: kernels.depthwise_tile(tiles[0].count, p.sw),
        limits: all.count, columnTaps: limits.reduce(0) { $0 + $1.count })
    }
    return (runs.sorted { $0.firstPixel < $1.firstPixel }, all)
  }

  func prepare(wei: UnsafePointer<Float>, bias source: UnsafePointer<Float>?) {
    let (lanes, p) = (kernels.lanes, problem)
    if let source { bias.baseAddress.update(from: source, count: p.oc) }
    // [block][column][row][lanes]
    for c in 0..<p.ic {
      let (block, lane) = c.quotientAndRemainder(dividingBy: lanes)
      for r in 0..<p.kh {
        for s in 0..<p.kw {
          weights.baseAddress[((block * p.kw + s) * p.kh + r) * lanes + lane] =
            wei[(c * p.kh + r) * p.kw + s]
        }
      }
    }
  }

  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    let isNative = options.layout == .native
    region.run { _, item, thread in
      let (outer, band) = item.quotientAndRemainder(dividingBy: bands.count)
      let (n, block) = outer.quotientAndRemainder(dividingBy: blocks)
      if isNative {
        computeInPlace(src, n: n, block: block, bands.values[band], dst)
      } else {
        computeTransposed(src, n: n, block: block, bands.values[band].rows, dst, thread)
      }
    }
  }

  private func arguments(
    _ block: Int, src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>
  ) -> DepthwiseArguments {
    let (lanes, p) = (kernels.lanes, problem)
    return DepthwiseArguments(
      src: src, tap_offsets: taps.values, tap_pixels: limits.values,
      tap_columns: p.kw, tap_rows: p.kh, first_row: 0, end_row: p.kh, pixel_stride: p.sw * lanes,
      wei: weights.readOnly + block * taps.count * lanes, dst: dst,
      bias: options.bias ? bias.readOnly + block * lanes : nil, relu: options.relu ? 1 : 0,
      tiles: 1, rows: 1, src_row_stride: p.sh * windowColumns * lanes, dst_row_stride: p.ow * lanes)
  }

  /// Rows that have the same taps, in one call for each shape of tile.
  private func compute(_ rowArguments: DepthwiseArguments) {
    var arguments = rowArguments
    for index in 0..<runs.count {
      let run = runs.values[index]
      arguments.src = rowArguments.src + run.firstPixel * arguments.pixel_stride
      arguments.dst = rowArguments.dst + run.firstPixel * kernels.lanes
      arguments.tap_pixels = limits.values + run.limits
      arguments.tiles = run.tiles
      run.function(&arguments)
    }
  }

  private func computeInPlace(
    _ src: UnsafePointer<Float>, n: Int, block: Int, _ band: Band,
    _ dst: UnsafeMutablePointer<Float>
  ) {
    let (lanes, p) = (kernels.lanes, problem)
    let image = (n * blocks + block) * lanes
    let (source, target) = (src + image * p.ih * p.iw, dst + image * p.oh * p.ow)
    for index in band.pieces {
      let piece = pieces.values[index]
      let row = piece.rows.lowerBound
      var arguments = arguments(
        block, src: source + ((row * p.sh - p.ph) * p.iw - p.pw) * lanes,
        dst: target + row * p.ow * lanes)
      (arguments.first_row, arguments.end_row) = (
        piece.tapRows.lowerBound, piece.tapRows.upperBound
      )
      arguments.rows = piece.rows.count
      compute(arguments)
    }
  }

  private func computeTransposed(
    _ src: UnsafePointer<Float>, n: Int, block: Int, _ band: Range<Int>,
    _ dst: UnsafeMutablePointer<Float>, _ thread: Int
  ) {
    let (lanes, p) = (kernels.lanes, problem)
    let window = windows.baseAddress + thread * windowCount
    let results = rows.baseAddress + thread * rowCount
    packer.pack(
      src, n: n, group: 0, block: block,
      WindowPacker.Window(
        top: band.lowerBound * p.sh - p.ph, left: -p.pw,
        rows: TapRange.reach(band.count, p.sh, p.kh, p.dh), columns: windowColumns),
      to: window)
    var arguments = arguments(block, src: UnsafePointer(window), dst: results)
    arguments.rows = band.count
    compute(arguments)
    let pixels = band.count * p.ow
    var reorder = ReorderArguments(
      src: UnsafePointer(results),
      dst: dst + self.dst.offset(n: n, c: block * lanes, y: band.lowerBound, x: 0), pixels: pixels,
      row_pixels: pixels, row_gap: 0, channels: min(lanes, p.oc - block * lanes),
      plane_stride: p.oh * p.ow, ahead: ReorderArguments.strip, streams: 0)
    kernels.unpack_channels(&reorder)
  }
}
