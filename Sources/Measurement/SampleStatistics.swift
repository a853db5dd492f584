import Glibc

/// What a set of samples says; every value has the samples' unit.
public struct SampleStatistics: Hashable, Sendable {
  /// Number of samples, ≥ 1.
  public let count: Int
  /// The middle sample, or the mean of the two middle ones.
  public let median: Double
  /// The smallest sample: the floor.
  public let min: Double
  /// The arithmetic mean.
  public let mean: Double
  /// The sample standard deviation (divisor `count − 1`); nil for a single sample.
  public let standardDeviation: Double?
  /// The distribution-free 95 % confidence interval of the median; nil below 6 samples, where no two
  /// samples enclose the median that often.
  public let medianInterval: ClosedRange<Double>?
  /// The interquartile range as a fraction of the median: how far samples lie from each other.
  public let spread: Double

  /// Describes `samples`; nil when there are none.
  public init?(_ samples: [Double]) {
    guard !samples.isEmpty else { return nil }
    let sorted = samples.sorted()
    let middle = sorted.count / 2
    count = sorted.count
    median =
      sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    min = sorted[0]
    let mean = sorted.reduce(0, +) / Double(sorted.count)
    self.mean = mean
    standardDeviation =
      sorted.count < 2
      ? nil
      : (sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(sorted.count - 1))
        .squareRoot()
    medianInterval = Self.medianRank(count: sorted.count).map {
      sorted[$0 - 1]...sorted[sorted.count - $0]
    }
    spread = (Self.quantile(0.75, of: sorted) - Self.quantile(0.25, of: sorted)) / median
  }

  /// The larger half of the median's interval, as a fraction of the median; nil without an interval.
  public var medianUncertainty: Double? {
    medianInterval.map {
      Swift.max(median - $0.lowerBound, $0.upperBound - median) / median
    }
  }

  /// The value below which the fraction `p` of `sorted` lies, linear between neighbours.
  private static func quantile(_ p: Double, of sorted: [Double]) -> Double {
    let place = p * Double(sorted.count - 1)
    let below = Int(place)
    let above = Swift.min(below + 1, sorted.count - 1)
    return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
  }

  /// The largest `k` with `P(Bin(count, ½) ≤ k − 1) ≤ (1 − confidence) / 2`: the `k`-th smallest and
  /// the `k`-th largest sample then enclose the median with at least `confidence`, whatever the
  /// distribution. Nil when not even the extremes do.
  public static func medianRank(count: Int, confidence: Double = 0.95) -> Int? {
    let tail = (1 - confidence) / 2
    // Terms C(n, i)/2ⁿ through their logarithms: 2⁻ⁿ itself underflows beyond a thousand samples.
    var logTerm = -Double(count) * log(2)
    var cumulative = 0.0
    var rank = 0
    while rank <= count / 2 {
      cumulative += exp(logTerm)
      guard cumulative <= tail else { break }
      logTerm += log(Double(count - rank)) - log(Double(rank + 1))
      rank += 1
    }
    return rank == 0 ? nil : rank
  }
}

extension CaseResult {
  /// The statistics of the samples, in seconds a call; nil without samples.
  public var statistics: SampleStatistics? { SampleStatistics(samples) }
}
