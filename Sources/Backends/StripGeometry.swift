import Convolution
import KernelInterface
import Parallel
import WinogradAlgebra

/// How Winograd's filtering F(m, r) along rows cuts a problem: strips of m neighbouring outputs of a row.
///
/// Taps down a column are steps of the reduction as channels are; only those along the row are filtered, so r products
/// of an output become `(m + r − 1)/m`.
struct StripGeometry: Sendable {
  /// Tiles of one shape that follow each other along a row.
  struct Run: Sendable {
    /// The place of the first strip in a transformed line, in floats.
    let offset: Int
    /// Its place in its block.
    let firstStrip: Int
    let firstPixel: Int
    /// Of each tile.
    let strips: Int
    let tiles: Int
  }

  let problem: ConvolutionProblem
  let algorithm: WinogradAlgorithm
  let kernels: KernelContext
  /// Of the destination: in plain planes the lanes hold neighbouring strips, else output channels.
  let layout: LayoutRequest

  /// The variant that forces the algorithm.
  static func name(_ algorithm: WinogradAlgorithm) -> String { "f1x\(algorithm.m)" }

  var name: String { Self.name(algorithm) }
  var lanes: Int { kernels.lanes }
  /// Vectors of output channels of a group.
  var vectors: Int { (problem.ocPerGroup + lanes - 1) / lanes }
  /// Those of each column of tiles.
  var columns: [Range<Int>] { RegisterTiling.split(vectors, most: kernels.max_strip_vectors) }
  /// Outputs that are written together: those of a strip, or in plain planes of a block of strips.
  private let unit: Int

  static func unit(_ algorithm: WinogradAlgorithm, _ options: PlanOptions) -> Int {
    options.layout == .native ? algorithm.m : algorithm.m * options.isa.kernels.lanes
  }

  init(_ problem: ConvolutionProblem, _ algorithm: WinogradAlgorithm, _ options: PlanOptions) {
    (self.problem, self.algorithm) = (problem, algorithm)
    (kernels, layout) = (options.isa.kernels, options.layout)
    unit = Self.unit(algorithm, options)
  }

  /// The plan that computes it so.
  func makePlan(
    _ options: PlanOptions, streamsAbove: Int = CacheSizes.current.l3
  ) throws(AllocationError) -> any PhasedPlan {
    layout == .native
      ? try StripPlan(self, options, streamsAbove: streamsAbove)
      : try StripRowsPlan(self, options, streamsAbove: streamsAbove)
  }

  /// Units that lie side by side from the first pixel on.
  private var regular: Int { problem.ow / unit }
  /// Whether one more unit ends with the row: it begins where the regular ones do not, and computes some outputs twice.
  var hasLast: Bool { !problem.ow.isMultiple(of: unit) }
  /// Strips of a row.
  var strips: Int { (regular + (hasLast ? 1 : 0)) * unit / algorithm.m }
  /// Blocks of `lanes` strips side by side.
  var regularBlocks: Int {
    layout == .native ? (regular + lanes - 1) / lanes : regular
  }
  /// The last strip, or block, has one of its own.
  var blocks: Int { regularBlocks + (hasLast ? 1 : 0) }
  /// Floats of a block.
  var blockCount: Int { algorithm.alpha * lanes }
  /// Floats of a transformed line of one channel.
  var lineCount: Int { blocks * blockCount }
  /// The first pixel of the last unit.
  var lastPixel: Int { problem.ow - unit }
  /// Floats of a line before it is transformed, as far as whole blocks read it.
  var rawCount: Int {
    let block = lanes * algorithm.m
    let read = max(regularBlocks * block, hasLast ? lastPixel + block : 0) + algorithm.alpha
    return (max(read, problem.pw + problem.iw) + lanes - 1) / lanes * lanes
  }

  /// Whether strips take the problem.
  static func takes(_ p: ConvolutionProblem, _ algorithm: WinogradAlgorithm, _ options: PlanOptions)
    -> Bool
  {
    p.kw == algorithm.r && p.sh == 1 && p.sw == 1 && p.dh == 0 && p.dw == 0
      && p.ow >= unit(algorithm, options) && p.icPerGroup < options.isa.kernels.lanes
  }

  /// The tiles of a row, for a column of so many vectors.
  func runs(vectors: Int) -> [Run] {
    let (m, most) = (algorithm.m, kernels.max_strips(vectors))
    // A block is whole tiles, so that none crosses its end.
    let width = (1...most).last { lanes.isMultiple(of: $0) }!
    func run(from strip: Int, _ strips: Int, _ tiles: Int) -> Run {
      let (block, place) = strip.quotientAndRemainder(dividingBy: lanes)
      return Run(
        offset: block * blockCount + place, firstStrip: place, firstPixel: strip * m,
        strips: strips,
        tiles: tiles)
    }
    let (tiles, rest) = regular.quotientAndRemainder(dividingBy: width)
    var runs = tiles > 0 ? [run(from: 0, width, tiles)] : []
    if rest > 0 { runs.append(run(from: tiles * width, rest, 1)) }
    if hasLast {
      runs.append(
        Run(
          offset: regularBlocks * blockCount, firstStrip: 0, firstPixel: lastPixel, strips: 1,
          tiles: 1))
    }
    return runs
  }

  /// Rows of taps inside the image, for a row of output.
  func taps(row: Int) -> Range<Int> {
    let top = row - problem.ph
    let first = min(problem.kh, max(0, -top))
    return first..<max(first, min(problem.kh, problem.ih - top))
  }

  /// Lines of the source that rows of output read.
  func lines(_ rows: Range<Int>) -> Range<Int> {
    let first = min(problem.ih, max(0, rows.lowerBound - problem.ph))
    let end = min(problem.ih, rows.upperBound - 1 - problem.ph + problem.kh)
    return first..<max(first, end)
  }

  /// Rows of output that threads take: as many as leave their transformed lines in 3/8 of L2.
  func bands(threads: Int) -> [Range<Int>] {
    let line = problem.icPerGroup * lineCount * MemoryLayout<Float>.size
    let most = max(1, CacheSizes.current.l2 * 3 / 8 / line - problem.kh + 1)
    return WorkSplit.parts(
      of: problem.oh, most: most, otherItems: problem.mb * problem.g, threads: threads)
  }

  /// Output channels of a group that are computed.
  var channels: Int { layout == .native ? vectors * lanes : problem.ocPerGroup }

  /// Floats of the transformed weights of all groups.
  var weightsCount: Int {
    problem.g * channels * problem.kh * problem.icPerGroup * algorithm.alpha
  }

  /// Strips of the first tile of a row.
  var stripsATile: Int {
    layout == .native ? runs(vectors: columns[0].count)[0].strips : rowRuns[0].vectors * lanes
  }

  /// `G g` for each row of each channel of the kernel of one output channel, `[tap down][c][ξ]`, in float64 and
  /// rounded once; the values `stride` apart.
  func transformKernel(
    _ kernel: UnsafePointer<Float>, stride: Int, to target: UnsafeMutablePointer<Float>
  ) {
    let (p, alpha) = (problem, algorithm.alpha)
    let g = algorithm.g.map { $0.map(\.doubleValue) }
    for row in 0..<p.kh {
      for channel in 0..<p.icPerGroup {
        let taps = kernel + (channel * p.kh + row) * p.kw
        let place = target + (row * p.icPerGroup + channel) * alpha * stride
        for xi in 0..<alpha {
          place[xi * stride] = Float((0..<p.kw).reduce(0.0) { $0 + g[xi][$1] * Double(taps[$1]) })
        }
      }
    }
  }

  /// Estimated cycles of the busiest thread.
  func estimate(_ threads: Int) -> TransformCost.Estimate {
    let p = problem
    let images = Double(p.mb * p.g) / Double(threads)
    let lines =
      images
      * Double(p.icPerGroup * bands(threads: threads).reduce(0) { $0 + self.lines($1).count })
    let steps = Double((0..<p.oh).reduce(0) { $0 + taps(row: $1).count } * p.icPerGroup)
    let (product, output) =
      layout == .native ? blockedCycles(steps: steps) : rowCycles(steps: steps)
    let terms = TransformCost.Terms(
      input: lines * (Self.line + Double(blocks) * Self.block), product: images * product,
      overlap: 1,
      weights: 0, isFar: false, spectra: 0, output: images * output)
    return .init(schedule: .rows(tiles: stripsATile), terms: terms, obstacle: nil)
  }

  /// Estimated cycles of products, and of output transforms, of all rows of an image with so many steps in all.
  private func blockedCycles(steps: Double) -> (product: Double, output: Double) {
    var cycles = (product: 0.0, output: 0.0)
    for column in columns {
      for run in runs(vectors: column.count) {
        addCycles(run.tiles, run.strips, column.count, steps, Self.output, to: &cycles)
      }
    }
    return cycles
  }

  /// Adds those of `tiles` tiles a row, of `a` × `b` strips and vectors, or channels and vectors of strips; `output`
  /// for a vector of outputs.
  func addCycles(
    _ tiles: Int, _ a: Int, _ b: Int, _ steps: Double, _ output: Double,
    to cycles: inout (product: Double, output: Double)
  ) {
    let (sums, loads) = (Double(a * b), Double(a + b))
    cycles.product +=
      Double(tiles) * steps * Double(algorithm.alpha) * max(sums / 2, loads / Self.loads)
    cycles.output +=
      Double(tiles * problem.oh) * (Self.tile + sums * Double(algorithm.m) * output)
  }

  /// Loads of a cycle.
  private static let loads = 1.85
  /// Cycles to begin a line, to transform a block of it, to begin a tile and to transform and store an output.
  private static let line = 40.0
  private static let block = 40.0
  private static let tile = 10.0
  private static let output = 1.0
}
