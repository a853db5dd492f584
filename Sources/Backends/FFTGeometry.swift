import Glibc

/// Sizes and frequencies of an overlap-save FFT convolution with T×T tiles.
struct FFTGeometry: TileShape, Hashable {
  /// T.
  let size: Int
  let kh: Int
  let kw: Int

  var name: String { "t\(size)" }

  /// Outputs of a tile that the circular sum does not wrap around.
  var tileHeight: Int { size - kh + 1 }
  var tileWidth: Int { size - kw + 1 }

  /// Real planes: one for each of the 4 self-conjugate frequencies, three for each of the `T²/2 − 2` others: a
  /// complex product is `P1 − P2 + i(P3 − P1 − P2)` with `P1 = Xr·Wr`, `P2 = Xi·Wi`, `P3 = (Xr + Xi)(Wr + Wi)`.
  static func planes(size: Int) -> Int { 4 + 3 * pairs(size: size) }
  private static func pairs(size: Int) -> Int { size * size / 2 - 2 }
  var planes: Int { Self.planes(size: size) }
  /// Wr + Wi is added up when it is needed: reading it from memory would take longer.
  var weightPlanes: Int { 4 + 2 * pairCount }
  var pairCount: Int { Self.pairs(size: size) }

  /// The self-conjugate frequencies `y·T + x`, then pairs of a frequency and its negative.
  var frequencies: [Int32] {
    let half = size / 2
    let own = [0, half, half * size, half * size + half]
    var order = own.map { Int32($0) }
    for index in 0..<size * size where !own.contains(index) {
      let (y, x) = index.quotientAndRemainder(dividingBy: size)
      let negative = (size - y) % size * size + (size - x) % size
      if index < negative { order += [Int32(index), Int32(negative)] }
    }
    return order
  }

  /// Operations of a tile and channel: `5 N log₂ N` of a complex transform shared by two channels,
  /// and the split or merge.
  var flops: (input: Double, output: Double) {
    let n = Double(size * size)
    let transform = 2.5 * n * log2(n)
    return (transform + 2 * n, transform + 2 * n)
  }

  /// An operation of every channel a cycle, whatever the length of vectors: FFTW's are its own.
  var transformCycles: (input: Double, output: Double) { flops }
}
