/// The median of values and how well it is known; everything has the values' unit.
public struct MedianEstimate: Hashable, Sendable {
  /// Number of values, ≥ 1.
  public let count: Int
  /// The middle value, or the mean of the two middle ones.
  public let median: Double
  /// The distribution-free 95 % interval of the median; nil below 6 values.
  public let interval: ClosedRange<Double>?
  /// `1.4826·MAD`: the standard deviation, if the values are normal; no outlier moves it.
  public let spread: Double

  /// Describes `values`; nil when there are none.
  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    let median = Self.median(ofSorted: sorted)
    count = sorted.count
    self.median = median
    interval = SampleStatistics.medianRank(count: sorted.count).map {
      sorted[$0 - 1]...sorted[sorted.count - $0]
    }
    spread = 1.4826 * Self.median(ofSorted: sorted.map { abs($0 - median) }.sorted())
  }

  private static func median(ofSorted sorted: [Double]) -> Double {
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2)
      ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}
