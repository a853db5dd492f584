/// Holm's step-down adjustment of p-values for being tested together.
///
/// Source: S. Holm, "A simple sequentially rejective multiple test procedure", 1979.
public enum HolmAdjustment {
  /// The adjusted p-values, in the order of `p`: rejecting those at most α wrongly rejects anything
  /// at all with a probability of at most α.
  public static func adjust(_ p: [Double]) -> [Double] {
    var adjusted = p
    var largest = 0.0
    for (rank, index) in p.indices.sorted(by: { p[$0] < p[$1] }).enumerated() {
      largest = max(largest, min(1, p[index] * Double(p.count - rank)))
      adjusted[index] = largest
    }
    return adjusted
  }
}
