import Convolution
import KernelInterface

/// How a direct convolution reads its source: in place where it can, through a packed window with a
/// zero border where it must.
///
/// With fewer channels than a vector has lanes the source stays plain (`[c][y][x]`), since blocks
/// would be mostly filling; each (channel, tap) pair is then a tap of its own.
struct DirectSource {
  /// Where a band's source lies.
  struct View {
    /// The first tap of the first output of the band.
    let base: UnsafePointer<Float>
    /// Between source rows.
    let rowStride: Int
    /// Between the source pixels of neighbouring outputs.
    let pixelStride: Int
  }

  let problem: ConvolutionProblem
  let kernels: KernelContext
  /// Plain channel planes instead of blocks.
  let isPlain: Bool
  /// Whether rows go through a window.
  let isPacked: Bool
  /// The layout in which `execute` gets the source.
  let layout: TensorLayout
  private let packer: WindowPacker
  private let width: Int
  private var planeRows: Int
  private var taps: TapTable

  init(_ problem: ConvolutionProblem, _ options: PlanOptions, _ kernels: KernelContext) {
    let p = problem
    self.problem = problem
    self.kernels = kernels
    isPlain = p.icPerGroup < kernels.lanes
    layout = isPlain || options.layout == .nchw ? .nchw : .blocked(lanes: kernels.lanes)
    width = (p.ow - 1) * p.sw + ConvolutionProblem.span(kernel: p.kw, dilation: p.dw)
    let height = (p.oh - 1) * p.sh + ConvolutionProblem.span(kernel: p.kh, dilation: p.dh)
    let leavesImage =
      p.ph > 0 || p.pw > 0 || height - p.ph > p.ih || width - p.pw > p.iw
    isPacked = leavesImage || (!isPlain && layout == .nchw)
    packer = WindowPacker(src: p.srcDescription(layout), kernels: kernels)
    planeRows = p.ih
    taps = TapTable([])
    reserve(rows: p.oh)
  }

  /// Fixes the number of output rows that a window has room for.
  mutating func reserve(rows: Int) {
    let p = problem
    planeRows = isPacked ? windowRows(rows) : p.ih
    let (step, plane) = (isPlain ? 1 : kernels.lanes, planeRows * columns)
    var offsets: [Int] = []
    for c in 0..<(isPlain ? p.icPerGroup : 1) {
      for r in 0..<p.kh {
        for s in 0..<p.kw {
          offsets.append(c * plane + (r * (p.dh + 1) * columns + s * (p.dw + 1)) * step)
        }
      }
    }
    taps = TapTable(offsets)
  }

  /// Pixels from one source row to the next.
  private var columns: Int { isPacked ? width : problem.iw }

  /// Elements of the window reserved.
  var windowCount: Int { isPacked ? windowCount(rows: planeRows) : 0 }

  /// Blocks of channels (planes count as one) that can be packed on their own.
  var packUnits: Int { isPlain ? 1 : packer.blocks }

  private func windowRows(_ rows: Int) -> Int {
    (rows - 1) * problem.sh + ConvolutionProblem.span(kernel: problem.kh, dilation: problem.dh)
  }

  private func windowCount(rows: Int) -> Int {
    (isPlain ? problem.icPerGroup : packer.blocks * kernels.lanes) * rows * width
  }

  /// The source offset (`c·kh·kw + r·kw + s`) of each reduction step, in the tile's order: blocks,
  /// then taps, then channels.
  var stepOrder: [Int] {
    let taps = problem.kh * problem.kw
    if isPlain { return Array(0..<problem.reduction) }
    var order: [Int] = []
    order.reserveCapacity(problem.reduction)
    for block in stride(from: 0, to: problem.icPerGroup, by: kernels.lanes) {
      let channels = block..<min(block + kernels.lanes, problem.icPerGroup)
      for tap in 0..<taps { for c in channels { order.append(c * taps + tap) } }
    }
    return order
  }

  /// Bands of output rows: as few as `budget` bytes of window allow, cut so that threads end together.
  func bands(budget: Int, otherItems: Int, threads: Int, rowBytes: Int) -> [Range<Int>] {
    let oh = problem.oh
    var most = oh
    while most > 1, isPacked, windowCount(rows: windowRows(most)) * 4 > budget { most -= 1 }
    // The transposed copy of a band's output should stay in half of L2 too.
    if rowBytes > 0 { most = max(1, min(most, (512 << 10) / rowBytes)) }
    let fewest = (oh + most - 1) / most
    let candidates = fewest...min(oh, fewest + 4 * threads)
    let best = candidates.min { cost($0, otherItems, threads) < cost($1, otherItems, threads) }!
    return (0..<best).map { $0 * oh / best..<($0 + 1) * oh / best }
  }

  /// Rows that the busiest thread works through, window overlap and per-band overhead counted.
  private func cost(_ bands: Int, _ otherItems: Int, _ threads: Int) -> Double {
    let turns = (bands * otherItems + threads - 1) / threads
    let rows = (problem.oh + bands - 1) / bands
    return Double(turns) * (Double(rows) + 0.1)
  }

  /// Copies unit `unit` of the rows that the outputs `rows` of `image` (image · g + group) read.
  func pack(
    _ src: UnsafePointer<Float>, image: Int, unit: Int, rows: Range<Int>,
    to window: UnsafeMutablePointer<Float>
  ) {
    let (n, group) = image.quotientAndRemainder(dividingBy: problem.g)
    let area = WindowPacker.Window(
      top: rows.lowerBound * problem.sh - problem.ph, left: -problem.pw,
      rows: windowRows(rows.count), columns: width)
    if isPlain {
      packer.packPlain(
        src, n: n, group: group, area, planeStride: planeRows * width, to: window)
    } else {
      packer.pack(
        src, n: n, group: group, block: unit, area,
        to: window + unit * planeRows * width * kernels.lanes)
    }
  }

  /// The view of outputs from row `firstRow` on; the window begins with output row `packedFrom`.
  func view(
    _ src: UnsafePointer<Float>, image: Int, firstRow: Int, packedFrom: Int,
    window: UnsafeMutablePointer<Float>
  ) -> View {
    let rowStride = columns * (isPlain ? 1 : kernels.lanes)
    let (n, group) = image.quotientAndRemainder(dividingBy: problem.g)
    let base =
      isPacked
      ? UnsafePointer(window) + (firstRow - packedFrom) * problem.sh * rowStride
      : src + packer.src.offset(n: n, c: group * problem.icPerGroup, y: firstRow * problem.sh, x: 0)
    return View(base: base, rowStride: rowStride, pixelStride: pixelStride)
  }

  private var pixelStride: Int { problem.sw * (isPlain ? 1 : kernels.lanes) }

  /// Tile arguments of the whole reduction over a view; the caller adds the strides of `dst`.
  func arguments(
    _ view: View, dst: UnsafeMutablePointer<Float>, wei: UnsafePointer<Float>
  ) -> TileArguments {
    var arguments = TileArguments(src: view.base, taps: taps, wei: wei, dst: dst)
    arguments.pixel_stride = view.pixelStride
    arguments.block_stride = planeRows * columns * kernels.lanes
    if isPlain {
      arguments.tail = 1
    } else {
      arguments.blocks = problem.icPerGroup / kernels.lanes
      arguments.tail = problem.icPerGroup % kernels.lanes
    }
    return arguments
  }
}
