import Convolution
import KernelInterface
import Parallel

/// How a direct convolution reads its source.
///
/// - *Blocked*: channels in blocks of one vector. A native source is read in place, an NCHW one from a
///   transposed copy of the rows at hand. There is no border in memory: taps that fall outside are
///   left out, rows of taps by row of output, columns of taps by groups of pixels (`TapGroup`).
/// - *Plain*: with fewer channels than a vector has lanes, blocks would be mostly filling; the planes
///   stay as they are, each (channel, tap) pair is a tap of its own, and where the plan asks for it, a
///   border is copied around them, which costs little for so few channels. So do the planes of an NCHW source
///   under a 1×1 kernel, however many they are (`readsPlanes`).
struct DirectSource {
  /// Where the source of a band lies.
  struct View {
    /// The pixel of tap (0, 0) of output (0, 0), which may lie outside the image.
    let origin: UnsafePointer<Float>
    /// Between the source rows of neighbouring outputs.
    let rowStride: Int
  }

  /// Neighbouring pixels of a run that all have the taps of columns `columns` inside the image.
  struct TapGroup: Hashable {
    let columns: Range<Int>
    let pixels: Range<Int>
  }

  let problem: ConvolutionProblem
  let kernels: KernelContext
  let isPlain: Bool
  /// Whether planes of any number stay as they are.
  private let readsPlanes: Bool
  /// Whether rows go through a window.
  let isPacked: Bool
  /// The layout in which `execute` gets the source.
  let layout: TensorLayout
  private let packer: WindowPacker
  /// Which pixels of the source are read, where windows hold only those.
  private let sampling: WindowPacker.Sampling?
  private var planeRows = 0
  private var taps = TapTable([])

  /// - Parameters:
  ///   - copiesBorder: whether plain planes that need a border get one in memory.
  ///   - original: the convolution whose strides `problem` leaves out, if it does.
  init(
    _ problem: ConvolutionProblem, _ options: PlanOptions, _ kernels: KernelContext,
    copiesBorder: Bool, sampledFrom original: ConvolutionProblem? = nil
  ) {
    self.problem = problem
    self.kernels = kernels
    readsPlanes = original == nil && Self.readsPlanes(problem, options)
    isPlain = readsPlanes || problem.icPerGroup < kernels.lanes
    layout = isPlain || options.layout == .nchw ? .nchw : .blocked(lanes: kernels.lanes)
    packer = WindowPacker(src: (original ?? problem).srcDescription(layout), kernels: kernels)
    sampling = original.map { .init(rowPixels: $0.ow, rowStep: $0.sh, columnStep: $0.sw) }
    let reachesOutside =
      problem.isPadded
      && (problem.ph > 0 || problem.pw > 0
        || TapRange.reach(problem.oh, problem.sh, problem.kh, problem.dh) > problem.ih
        || TapRange.reach(problem.ow, problem.sw, problem.kw, problem.dw) > problem.iw)
    isPacked = isPlain ? reachesOutside && copiesBorder : layout == .nchw
    let bytes = (problem.srcCount + problem.dstCount) * MemoryLayout<Float>.size
    isFar =
      problem.kh == 1 && problem.kw == 1 && !isPacked
      && bytes > CacheSizes.current.l3 / (problem.sw == 1 ? 4 : 2)
    reserve(rows: problem.oh)
  }

  /// Whether an NCHW source is multiplied as it lies: each value is broadcast from there, once for every column of
  /// output channels, and no window is written and read.
  ///
  /// 1×1 kernels only: with larger ones, each step looks up its offset, and what `copiesBorder` says takes the
  /// border of narrow images along (VGG-16's and AlexNet's 3×3 and 5×5 layers .88 to .99 times as fast). Not in rows
  /// so short that tiles are: each step then loads the weights for half as many pixels (7×7 pixels at stride 2: .84
  /// to .95). Both were measured with planes fetched by an earlier rule. With a stride, every column of output
  /// channels reads lines of which half is of no use, so windows are better for many: where gathering takes less than
  /// 3 % of the multiply-adds (1024 outputs .98 to 1.03, with AVX2 .94, 256 with AVX2 .92 to .99; 256 with AVX-512
  /// 1.11 and 1.16, 128 1.17 and 1.26, with AVX2 1.06 and 1.13).
  static func readsPlanes(_ p: ConvolutionProblem, _ options: PlanOptions) -> Bool {
    guard options.layout == .nchw, p.kh == 1, p.kw == 1, !p.isPadded, planeSteps.contains(p.sw)
    else { return false }
    let kernels = options.isa.kernels
    guard p.sw == 1 || movingShare(kernels, channels: p.ocPerGroup) > 0.03 else { return false }
    let most = kernels.max_pixels(2)
    let shortest = RegisterTiling.split(p.flattened.ow, most: most).last!
    return 3 * shortest.count >= 2 * most
  }

  /// What transposing or gathering a value takes, 0.43 cycles, as a part of its multiply-adds with `channels`.
  static func movingShare(_ kernels: KernelContext, channels: Int) -> Double {
    0.86 * Double(kernels.lanes) / Double(channels)
  }

  /// Strides for which tiles on plain planes are made.
  private static let planeSteps = [1, 2, 4]

  /// Planes between what is multiplied and what is fetched, of a source that is read as it lies.
  ///
  /// Ten 1×1 layers of ResNet-50 and GoogLeNet in NCHW, AVX-512, against none, 2, 4 and 8: 6 is the best, up to 6 %
  /// faster than none, 8 is slower than none on most.
  private static let planesAhead = 6

  /// Whether the source of a 1×1 kernel is read as it lies and comes from so far that pixels are fetched to L2 `farPixels`,
  /// or with a stride a row of outputs, before they are multiplied, by the first column of output channels that reads
  /// them.
  ///
  /// Source and destination beyond a quarter of the last level, NCHW: 256 channels of 56×56 pixels, 8 images, 1.4 to 1.5
  /// times as fast, 64 1.14, 512 of 28×28 1.0 to 1.04; nearer ones .97 to 1.01. With a stride it is two lines a tile, of
  /// which half is of no use: resnet50-conv3_1_reduce with 8 images 1.26 and 1.39, with 4 images .95. Blocks of channels
  /// are longer streams: 256 channels of 56×56 pixels, 8 images, 1.02 to 1.07.
  private let isFar: Bool

  /// A cache line of a plane, and more than a tile has.
  private static let farPixels = 16

  /// Whether every block has an even number of channels, side by side.
  var canPairChannels: Bool { !isPlain && problem.icPerGroup.isMultiple(of: 2) }

  /// Floats between neighbouring pixels of a row.
  private var step: Int { isPlain ? 1 : kernels.lanes }

  /// Taps that share one position of the kernel: each channel is one in plain planes.
  private var tapsPerPosition: Int { isPlain ? problem.icPerGroup : 1 }

  /// Pixels from one source row to the next.
  private var columns: Int {
    isPlain && isPacked
      ? TapRange.reach(problem.ow, problem.sw, problem.kw, problem.dw) : problem.iw
  }

  /// Source rows, border included or cut off, that the output rows `rows` read.
  private func sourceRows(_ rows: Range<Int>) -> Range<Int> {
    let p = problem
    let top = rows.lowerBound * p.sh - p.ph
    let end = top + TapRange.reach(rows.count, p.sh, p.kh, p.dh)
    guard !isPlain else { return top..<end }
    let low = min(max(top, 0), p.ih)
    return low..<max(low, min(end, p.ih))
  }

  /// Most source rows that `rows` output rows read.
  private func windowRows(_ rows: Int) -> Int {
    let all = TapRange.reach(rows, problem.sh, problem.kh, problem.dh)
    return isPlain ? all : min(all, problem.ih)
  }

  /// Blocks of channels (planes count as one) that can be packed on their own.
  var packUnits: Int { isPlain ? 1 : packer.blocks }

  private func windowCount(sourceRows: Int) -> Int {
    (isPlain ? problem.icPerGroup : packer.blocks * kernels.lanes) * sourceRows * columns
  }

  /// Elements of the window reserved.
  var windowCount: Int { isPacked ? windowCount(sourceRows: planeRows) : 0 }

  /// Fixes the number of output rows that a window has room for.
  mutating func reserve(rows: Int) {
    let p = problem
    planeRows = isPacked ? windowRows(rows) : p.ih
    var offsets: [Int] = []
    for s in 0..<p.kw {
      for r in 0..<p.kh {
        let position = (r * (p.dh + 1) * columns + s * (p.dw + 1)) * step
        for c in 0..<tapsPerPosition { offsets.append(c * planeRows * columns + position) }
      }
    }
    taps = TapTable(offsets)
  }

  /// The source offset (`c·kh·kw + r·kw + s`) of each reduction step, in the tile's order: blocks of
  /// channels, then columns of taps, then rows, then channels.
  var stepOrder: [Int] {
    let p = problem
    var order: [Int] = []
    order.reserveCapacity(p.reduction)
    for block in stride(from: 0, to: p.icPerGroup, by: kernels.lanes) {
      for s in 0..<p.kw {
        for r in 0..<p.kh {
          for c in block..<min(block + kernels.lanes, p.icPerGroup) {
            order.append((c * p.kh + r) * p.kw + s)
          }
        }
      }
    }
    return order
  }

  /// Rows of taps that lie inside the image for output row `row`.
  func tapRows(_ row: Int) -> Range<Int> {
    let p = problem
    guard !(isPlain && isPacked) else { return 0..<p.kh }
    return p.tapRows(row)
  }

  /// Output rows `rows`, cut where the taps inside the image change.
  func rowsOfSameTaps(_ rows: Range<Int>) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    for row in rows {
      if let last = pieces.last, tapRows(last.lowerBound) == tapRows(row) {
        pieces[pieces.count - 1] = last.lowerBound..<row + 1
      } else {
        pieces.append(row..<row + 1)
      }
    }
    return pieces
  }

  /// The groups of a run of pixels; one that covers the whole run comes first.
  func tapGroups(_ run: Range<Int>) -> [TapGroup] {
    let p = problem
    guard !(isPlain && isPacked) else { return [TapGroup(columns: 0..<p.kw, pixels: run)] }
    var groups: [TapGroup] = []
    for s in 0..<p.kw {
      let covered = p.tapColumns(s).clamped(to: run)
      guard !covered.isEmpty else { continue }
      if let last = groups.last, last.pixels == covered, last.columns.upperBound == s {
        groups[groups.count - 1] = TapGroup(
          columns: last.columns.lowerBound..<s + 1, pixels: covered)
      } else {
        groups.append(TapGroup(columns: s..<s + 1, pixels: covered))
      }
    }
    if let whole = groups.firstIndex(where: { $0.pixels == run }) {
      groups.insert(groups.remove(at: whole), at: 0)
    }
    return groups
  }

  /// Which pixels of a run lack each column of taps, as border tiles take it (`TileArguments.cuts`); nil where they
  /// do not: with a stride, where more than two pixels lack a column, or all do.
  func cuts(_ run: Range<Int>) -> UInt64? {
    let p = problem
    guard !isPlain, p.sw == 1, p.kw <= UInt64.bitWidth / 4 else { return nil }
    var cuts: UInt64 = 0
    for s in 0..<p.kw {
      let covered = p.tapColumns(s).clamped(to: run)
      let (first, last) = (covered.lowerBound - run.lowerBound, run.upperBound - covered.upperBound)
      guard !covered.isEmpty, first <= 2, last <= 2, first == 0 || last == 0 else { return nil }
      cuts |= UInt64(last > 0 ? 2 + last : first) << (4 * s)
    }
    return cuts
  }

  /// The pixels of a row that have all columns of taps, where those beside them are better left to tiles of their
  /// own, down the rows: of plain planes without a border in memory. A tile of pixels that lack different columns
  /// takes several calls, each too short to be worth its start: 3 % of vgg16-conv1_1. Not for more than two
  /// pixels: of the three of resnet50-conv1, 147 steps each, there is nothing to gain (0.99 to 1.00 times as fast).
  var middle: Range<Int> {
    let p = problem
    guard isPlain, !isPacked else { return 0..<p.ow }
    let inside = (0..<p.kw).reduce(0..<p.ow) { $0.clamped(to: p.tapColumns($1)) }
    return inside.count + 2 >= p.ow ? inside : 0..<p.ow
  }

  /// The columns of taps of a pixel beside `middle`.
  func tapGroup(ofSide pixel: Int) -> TapGroup {
    let columns = (0..<problem.kw).filter { problem.tapColumns($0).contains(pixel) }
    return TapGroup(
      columns: columns.isEmpty ? 0..<0 : columns[0]..<columns[columns.count - 1] + 1,
      pixels: pixel..<pixel + 1)
  }

  /// (Output, tap) pairs of one image and channel that are computed.
  var innerTaps: Int {
    let rows = (0..<problem.oh).reduce(0) { $0 + tapRows($1).count }
    let columns = tapGroups(0..<problem.ow).reduce(0) { $0 + $1.columns.count * $1.pixels.count }
    return rows * columns
  }

  /// Bytes of one image's group that tiles read: strides leave out rows and pixels between the taps.
  var bytesRead: Int {
    let p = problem
    let (rows, columns) = (min(1, Double(p.kh) / Double(p.sh)), min(1, Double(p.kw) / Double(p.sw)))
    return Int(Double(windowCount(sourceRows: windowRows(p.oh)) * 4) * rows * columns)
  }

  /// Windows of `budget` bytes that an image takes where `threads` share it; a single row is cut as well.
  func bandCount(budget: Int, threads: Int) -> Int {
    let images = problem.mb * problem.g
    if problem.oh == 1 {
      return max((bytesRead - 1) / budget + 1, (threads - 1) / images + 1)
    }
    return bands(budget: budget, otherItems: images, threads: threads, rowBytes: 0).count
  }

  /// Bands of output rows: as few as `budget` bytes of window allow, cut so that threads end together.
  func bands(budget: Int, otherItems: Int, threads: Int, rowBytes: Int) -> [Range<Int>] {
    let oh = problem.oh
    var most = oh
    while most > 1, windowCount(sourceRows: windowRows(most)) * 4 > budget { most -= 1 }
    // The transposed copy of a band's output should stay in half of L2 too.
    if rowBytes > 0 { most = max(1, min(most, (512 << 10) / rowBytes)) }
    return WorkSplit.parts(of: oh, most: most, otherItems: otherItems, threads: threads)
  }

  /// Copies unit `unit` of the rows that the outputs `rows` of `image` (image · g + group) read.
  func pack(
    _ src: UnsafePointer<Float>, image: Int, unit: Int, rows: Range<Int>,
    to window: UnsafeMutablePointer<Float>
  ) {
    let (n, group) = image.quotientAndRemainder(dividingBy: problem.g)
    let read = sourceRows(rows)
    let area = WindowPacker.Window(
      top: read.lowerBound, left: isPlain ? -problem.pw : 0, rows: read.count, columns: columns)
    let unitCount = planeRows * columns * kernels.lanes
    if let sampling {
      packer.pack(
        src, n: n, group: group, block: unit, read.lowerBound * columns..<read.upperBound * columns,
        sampling, to: window + unit * unitCount)
    } else if isPlain {
      packer.packPlain(
        src, n: n, group: group, area, planeStride: planeRows * columns, to: window)
    } else {
      packer.pack(
        src, n: n, group: group, block: unit, area,
        to: window + unit * unitCount)
    }
  }

  /// The view of outputs from row `firstRow` on; the window holds what the outputs `packed` read.
  func view(
    _ src: UnsafePointer<Float>, image: Int, firstRow: Int, packed: Range<Int>,
    window: UnsafeMutablePointer<Float>
  ) -> View {
    let p = problem
    let (n, group) = image.quotientAndRemainder(dividingBy: p.g)
    let start =
      isPacked
      ? UnsafePointer(window) : src + packer.src.offset(n: n, c: group * p.icPerGroup, y: 0, x: 0)
    let top = isPacked ? sourceRows(packed).lowerBound : 0
    let left = isPlain && isPacked ? -p.pw : 0
    return View(
      origin: start + ((firstRow * p.sh - p.ph - top) * columns - p.pw - left) * step,
      rowStride: p.sh * columns * step)
  }

  /// Floats between the source pixels of neighbouring outputs.
  var pixelStride: Int { problem.sw * step }

  /// Tile arguments of the whole reduction; the caller adds the strides of `dst`.
  ///
  /// - Parameter isFirst: whether nothing has read these rows yet.
  func arguments(
    _ view: View, dst: UnsafeMutablePointer<Float>, wei: UnsafePointer<Float>, isFirst: Bool
  ) -> TileArguments {
    var arguments = TileArguments(src: view.origin, taps: taps, wei: wei, dst: dst)
    arguments.pixel_stride = pixelStride
    arguments.block_stride = planeRows * columns * kernels.lanes
    if isPlain {
      arguments.tail = 1
      arguments.src_ahead = readsPlanes ? Self.planesAhead * planeRows * columns : 0
    } else {
      arguments.blocks = problem.icPerGroup / kernels.lanes
      arguments.tail = problem.icPerGroup % kernels.lanes
    }
    if isFirst, isFar {
      arguments.src_far = problem.sw == 1 ? Self.farPixels * step : view.rowStride
    }
    return arguments
  }

  /// Row tile arguments of the whole reduction, for a plain source.
  func rowArguments(
    _ src: UnsafePointer<Float>, wei: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>
  ) -> RowTileArguments {
    RowTileArguments(
      src: src, tap_offsets: taps.values, taps: taps.count, wei: wei, dst: dst, plane_stride: 0,
      bias: nil, relu: 0, streams: 0, tiles: 1)
  }

  /// The taps of `columns` × `rows` of the kernel, contiguous if there is one column or all rows.
  func tapRange(columns: Range<Int>, rows: Range<Int>) -> Range<Int> {
    let first = columns.lowerBound * problem.kh + rows.lowerBound
    let end = (columns.upperBound - 1) * problem.kh + rows.upperBound
    return first * tapsPerPosition..<end * tapsPerPosition
  }
}
