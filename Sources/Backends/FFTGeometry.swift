import Convolution

/// Sizes and frequencies of an FFT convolution.
struct FFTGeometry: TileShape, Hashable {
  let name: String
  private let rows: FFTLength
  private let columns: FFTLength
  /// Outputs of a tile that the circular sum does not wrap around, or only onto zeros.
  let tileHeight: Int
  let tileWidth: Int

  /// Overlap-save with T×T points: outputs that wrap around are not kept. Nil where none would be left.
  init?(size: Int, _ problem: ConvolutionProblem) {
    guard size > max(problem.kh, problem.kw) else { return nil }
    name = Self.name(size: size)
    rows = FFTLength(points: size)
    columns = rows
    tileHeight = size - problem.kh + 1
    tileWidth = size - problem.kw + 1
  }

  /// A whole image as one tile, by as many points as cost least.
  init(whole problem: ConvolutionProblem) {
    let p = problem
    let columns = FFTLength.candidates(
      least: Self.least(image: p.iw, kernel: p.kw, padding: p.pw, outputs: p.ow))
    let shapes = FFTLength.candidates(
      least: Self.least(image: p.ih, kernel: p.kh, padding: p.ph, outputs: p.oh)
    ).flatMap { rows in columns.map { FFTGeometry(whole: p, rows, $0) } }
    // Three multiply-adds for each two points, half a cycle each, against both transforms.
    let products = 0.75 * Double(p.icPerGroup * p.ocPerGroup)
    func cost(_ shape: FFTGeometry) -> Double {
      products * Double(shape.points) + Double(p.icPerGroup + p.ocPerGroup) * shape.transformCost
    }
    self = shapes.min { cost($0) < cost($1) }!
  }

  private init(whole problem: ConvolutionProblem, _ rows: FFTLength, _ columns: FFTLength) {
    name = Self.whole
    (self.rows, self.columns) = (rows, columns)
    (tileHeight, tileWidth) = (problem.oh, problem.ow)
  }

  static func name(size: Int) -> String { "t\(size)" }
  static let whole = "whole"

  /// The fewest points for a whole axis. Zeros before the image and after it may be the same ones: of n points, what
  /// would be read at `index ≥ n` is read at `index − n`, so both have to lie beside the image.
  private static func least(image: Int, kernel: Int, padding: Int, outputs: Int) -> Int {
    let read = outputs + kernel - 1
    return max(outputs, min(read, max(padding + image, read - padding)))
  }

  /// Whether a tile of this one gives all that a tile of another one does, from as many points.
  func replaces(_ other: FFTGeometry) -> Bool {
    (rows, columns) == (other.rows, other.columns) && tileHeight >= other.tileHeight
      && tileWidth >= other.tileWidth
  }

  /// Points of a transform.
  var height: Int { rows.points }
  var width: Int { columns.points }
  var points: Int { height * width }
  /// Frequencies that are their own negatives, whose spectra are real: the zero, and half of an even size.
  var ownCount: Int { (height % 2 == 0 ? 2 : 1) * (width % 2 == 0 ? 2 : 1) }
  var pairCount: Int { (points - ownCount) / 2 }
  /// Real planes: one for each frequency that is its own negative, three for each pair: a complex product is
  /// `P1 − P2 + i(P3 − P1 − P2)` with `P1 = Xr·Wr`, `P2 = Xi·Wi`, `P3 = (Xr + Xi)(Wr + Wi)`.
  var planes: Int { ownCount + 3 * pairCount }
  /// Wr + Wi is added up when it is needed: reading it from memory would take longer.
  var weightPlanes: Int { points }

  /// The frequencies `y·width + x` that are their own negatives, then pairs of a frequency and its negative.
  var frequencies: [Int32] {
    var (own, pairs): ([Int32], [Int32]) = ([], [])
    for index in 0..<points {
      let (y, x) = index.quotientAndRemainder(dividingBy: width)
      let negative = (height - y) % height * width + (width - x) % width
      if index == negative { own.append(Int32(index)) }
      if index < negative { pairs += [Int32(index), Int32(negative)] }
    }
    return own + pairs
  }

  /// Operations of a tile and channel: `5 N log₂ N` of a complex transform shared by two channels,
  /// and the split or merge.
  var flops: (input: Double, output: Double) {
    let one = Double(points) * (rows.operations + columns.operations + 2)
    return (one, one)
  }

  private var transformCost: Double { Double(points) * (rows.cost + columns.cost + 2) }

  /// An operation of every channel a cycle, whatever the length of vectors: FFTW's are its own.
  func transformCycles(planes: Int) -> (input: Double, output: Double) {
    (transformCost, transformCost)
  }
}
