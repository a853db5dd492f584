import Glibc

extension SplitMix64 {
  /// A uniform value in (0, 1].
  mutating func nextUnit() -> Double { (Double(next() >> 11) + 1) * 0x1p-53 }

  /// Two independent standard normal values.
  mutating func nextNormalPair() -> (Double, Double) {
    let radius = (-2 * log(nextUnit())).squareRoot()
    let angle = 2 * Double.pi * nextUnit()
    return (radius * cos(angle), radius * sin(angle))
  }
}
