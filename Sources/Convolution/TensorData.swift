/// Seeded data for checks and timing, the same on every machine.
public enum TensorData {
  /// Standard normal values (Box–Muller over SplitMix64).
  public static func fillNormal(
    _ data: UnsafeMutableBufferPointer<Float>, seed: UInt64, scale: Float = 1
  ) {
    var random = SplitMix64(seed: seed)
    var i = 0
    while i < data.count {
      let (a, b) = random.nextNormalPair()
      data[i] = Float(a) * scale
      if i + 1 < data.count { data[i + 1] = Float(b) * scale }
      i += 2
    }
  }

  /// Whole numbers in `−limit…limit`.
  public static func fillIntegers(
    _ data: UnsafeMutableBufferPointer<Float>, limit: Int, seed: UInt64
  ) {
    var random = SplitMix64(seed: seed)
    let span = UInt64(2 * limit + 1)
    for i in data.indices { data[i] = Float(Int(random.next() % span) - limit) }
  }

  /// The largest magnitude for which sums of `reduction` products of such integers, and a bias,
  /// stay below 2²⁴, at most 8; nil when not even ±1 does.
  public static func exactIntegerLimit(reduction: Int) -> Int? {
    (1...8).last { $0 * $0 * reduction + $0 < 1 << 24 }
  }
}

/// Steele, Lea and Flood's SplitMix64: one add, two multiplies, passes BigCrush.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the sequence of `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
