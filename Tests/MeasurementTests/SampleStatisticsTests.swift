import Measurement
import Testing

/// Expected values from SciPy 1.17.1 and NumPy 2.4.6; the call stands beside each.
@Suite struct SampleStatisticsTests {
  /// `max(j for j in range(1, n//2 + 1) if scipy.stats.binom.cdf(j - 1, n, .5) <= .025)`
  @Test(arguments: [
    (6, 1), (7, 1), (8, 1), (9, 2), (10, 2), (11, 2), (15, 4), (20, 6), (25, 8), (50, 18),
    (100, 40), (101, 41), (500, 228), (1000, 469), (5000, 2431), (20000, 9861),
  ])
  func medianRankIsTheBinomialQuantile(count: Int, rank: Int) {
    #expect(SampleStatistics.medianRank(count: count) == rank)
  }

  @Test(arguments: 1...5)
  func fewSamplesHaveNoInterval(count: Int) throws {
    let statistics = try #require(SampleStatistics((0..<count).map(Double.init)))
    #expect(statistics.medianInterval == nil)
    #expect(statistics.medianUncertainty == nil)
    #expect((statistics.standardDeviation == nil) == (count == 1))
  }

  @Test func noSamplesHaveNoStatistics() { #expect(SampleStatistics([]) == nil) }

  /// `x = [3.1, 2.9, 3.0, 3.4, 2.8, 3.05, 9.0, 2.95, 3.02, 3.07, 3.2]`: `np.median(x)`, `np.mean(x)`,
  /// `np.std(x, ddof=1)`,
  /// `scipy.stats.quantile_test(x, p=.5).confidence_interval(confidence_level=.95)`,
  /// `scipy.stats.iqr(x) / np.median(x)`
  @Test func oddCountWithAnOutlier() throws {
    let samples = [3.1, 2.9, 3.0, 3.4, 2.8, 3.05, 9.0, 2.95, 3.02, 3.07, 3.2]
    let statistics = try #require(SampleStatistics(samples))
    #expect(statistics.count == 11)
    #expect(statistics.median == 3.05)
    #expect(statistics.min == 2.8)
    #expect(abs(statistics.mean - 3.5900000000000003) < 1e-14)
    #expect(abs(statistics.standardDeviation! - 1.8011440808552768) < 1e-14)
    #expect(statistics.medianInterval == 2.9...3.4)
    #expect(abs(statistics.spread - 0.05737704918032796) < 1e-14)
  }

  /// The same calls on `y = np.round(np.random.default_rng(7).lognormal(0, .1, 40), 4)`.
  @Test func evenCount() throws {
    let samples = [
      1.0001, 1.0303, 0.973, 0.9148, 0.9556, 0.9056, 1.006, 1.1434, 0.952, 0.9398, 1.0502, 1.0363,
      1.0106, 0.9112, 0.9971, 1.072, 0.8742, 0.9553, 0.8269, 0.879, 0.8318, 0.9768, 0.881, 1.0275,
      1.0158, 0.9815, 0.7775, 0.9476, 0.9952, 1.0114, 0.8581, 0.9533, 0.9068, 0.9223, 1.1119,
      0.9224, 0.9968, 1.0925, 0.9433, 0.9889,
    ]
    let statistics = try #require(SampleStatistics(samples))
    #expect(abs(statistics.median - 0.9643) < 1e-14)
    #expect(abs(statistics.mean - 0.964395) < 1e-14)
    #expect(abs(statistics.standardDeviation! - 0.07833126876711924) < 1e-14)
    #expect(statistics.medianInterval == 0.9398...0.9971)
    #expect(abs(statistics.spread - 0.1004874001866639) < 1e-14)
    #expect(abs(statistics.medianUncertainty! - (0.9971 - 0.9643) / 0.9643) < 1e-14)
  }
}
