import Glibc

/// How many points FFTW transforms along an axis.
struct FFTLength: Hashable {
  let points: Int

  /// FFTW has one piece of straight code for each of these.
  private static let straight = Array(1...16) + [20, 25, 32, 64]
  private var isStraight: Bool { Self.straight.contains(points) }

  /// How much longer an operation takes than at a power of two. Of the lengths that take several passes multiples of
  /// four are fast (24: 2.5 times, 36: 2.5, 48: 1.9, 60: 2.1), others are not (18: 4.1, 27: 4.1, 45: 3.3; FFTW 3.3.10).
  private var slowness: Double { isStraight ? 1 : 2.2 }

  /// Operations of a point, and those times their slowness.
  var operations: Double { 2.5 * log2(Double(points)) }
  var cost: Double { operations * slowness }

  /// The shortest of at least `least` points: of one piece, and of several passes.
  static func candidates(least: Int) -> [FFTLength] {
    let passes = (least...).first { $0 % 4 == 0 && hasSmallFactors($0) }!
    return [straight.first { $0 >= least }, passes].compactMap { $0 }.map(FFTLength.init)
  }

  /// Whether no prime factor exceeds 7.
  private static func hasSmallFactors(_ n: Int) -> Bool {
    var rest = n
    for prime in [2, 3, 5, 7] {
      while rest % prime == 0 { rest /= prime }
    }
    return rest == 1
  }
}
