/// When sampling starts, how large a sample is, and when there are enough.
public struct SamplingRules: Codable, Hashable, Sendable {
  /// Seconds of samples after which a case has enough, if it has ten samples.
  public var minTime = 0.5
  /// Seconds of untimed calls before the first sample, at least.
  public var warmup = 0.1
  /// Samples to take, exactly; nil lets the other rules decide.
  public var samples: Int?
  /// Seconds after which a case is given up, warm-up counted; nil for never.
  public var timeout: Double?
  /// Whether each timed call finds its data out of the caches.
  public var isCold = false
  /// Seed of the order within the rounds.
  public var seed: UInt64 = 1

  /// Creates the default rules.
  public init() {}

  /// Samples that a case has at least, unless it is slow or their number is given.
  static let leastSamples = 10
  /// Samples with which a slow case may stop: one that took `slowFactor` times `minTime`.
  static let leastSlowSamples = 3
  static let slowFactor = 4.0
  /// Calls of a warm-up, at least; the last so many must agree.
  static let leastWarmupCalls = 3
  /// Calls agree when the slowest takes at most so much longer than the fastest.
  static let agreement = 1.05
  /// Warm-up ends after so many times `warmup` even if the calls never agree.
  static let warmupFactor = 5.0
  /// Half-width of the median's interval, as a fraction of it, that ends sampling early.
  static let settledUncertainty = 0.01
  /// Seconds of a sample, at least.
  static let leastSample = 1e-3
  /// Clock steps of a sample, at least.
  static let leastClockSteps = 1000.0
  /// Seconds of a call from which on no untimed call precedes a sample: refilling the caches is
  /// then below 1 % of it.
  static let primedCall = 0.1
  /// The same for cold samples, where that call only wakes the threads: 50 µs are 0.5 % of it.
  static let primedColdCall = 0.01
  /// Calls of a cold sample, at most: each has a plan and buffers of its own.
  static let mostColdCalls = 64

  /// Calls in a sample of each case, from the seconds of one call of each.
  ///
  /// All cases get the `K` with which the fastest fills a sample (1 ms and 1000 clock steps), so that
  /// all are measured alike. A case for which `K` calls would take longer than a tenth of `minTime`
  /// is so slow that it needs no company: it gets the calls that fill a sample of its own, mostly
  /// one, or a reference of half a second a call would take minutes.
  ///
  /// - Parameter most: calls of any sample, at most.
  func callsPerSample(
    callSeconds: [Double], resolution: Double, most: Int? = nil
  ) -> [Int] {
    let least = max(Self.leastSample, Self.leastClockSteps * resolution)
    let longest = max(least, minTime / Double(Self.leastSamples))
    let filling = callSeconds.map {
      min(most ?? .max, Int((least / max($0, 1e-9)).rounded(.up)))
    }
    let common = filling.max() ?? 1
    return zip(callSeconds, filling).map { seconds, own in
      seconds * Double(common) <= longest ? common : own
    }
  }

  /// Why a case with these samples, which took `seconds` together, is done; nil while it is not.
  func ending(samples: [Double], seconds: Double) -> SamplingEnd? {
    if let wanted = self.samples { return samples.count >= wanted ? .exactCount : nil }
    if samples.count >= Self.leastSamples {
      if seconds >= minTime { return .enoughTime }
      if let uncertainty = SampleStatistics(samples)?.medianUncertainty,
        uncertainty <= Self.settledUncertainty
      {
        return .settled
      }
    }
    let isSlow = seconds >= Self.slowFactor * minTime
    return isSlow && samples.count >= Self.leastSlowSamples ? .slow : nil
  }

  /// Whether samples that a time-out cut short are still enough to report.
  func isEnoughAfterTimeout(_ count: Int) -> Bool {
    samples == nil && count >= Self.leastSlowSamples
  }

  /// The part done, 0…1, of a case with `count` samples that took `seconds` together.
  func progress(count: Int, seconds: Double) -> Double {
    if let samples { return min(1, Double(count) / Double(max(samples, 1))) }
    func part(_ least: Int, _ time: Double) -> Double {
      min(Double(count) / Double(least), time > 0 ? seconds / time : 1)
    }
    let whole = max(
      part(Self.leastSamples, minTime), part(Self.leastSlowSamples, Self.slowFactor * minTime))
    return min(1, whole)
  }
}

/// Why no more samples of a case were taken.
public enum SamplingEnd: String, Sendable {
  /// The number that was asked for.
  case exactCount
  /// Ten samples or more, of `minTime` together.
  case enoughTime
  /// Ten samples or more, with the median's 95 % interval within ±1 %.
  case settled
  /// Four times `minTime` and at least three samples: too slow for ten.
  case slow
  /// The time-out.
  case timedOut
  /// The user.
  case cancelled
}

/// The samples of one case.
public struct SampleSet: Hashable, Sendable {
  /// Seconds a call, in the order in which they were taken.
  public var samples: [Double] = []
  /// Calls in each sample.
  public var callsPerSample = 0
  /// Why there are no more.
  public var end: SamplingEnd
}
