import Foundation
import Testing

@testable import Measurement

/// Values by SciPy 1.17.1 and statsmodels 0.14, with the call that made them.
@Suite struct GateStatisticsTests {
  /// `binomtest(s, n, 0.5, alternative="greater").pvalue`
  @Test(arguments: [
    (20, 17, 0.0012884140014648438), (20, 16, 0.005908966064453125),
    (20, 10, 0.5880985260009766), (20, 20, 9.5367431640625e-07), (20, 0, 1.0),
    (40, 28, 0.008294501687487355), (40, 27, 0.01923865414210013),
    (80, 53, 0.0024340770747797117), (80, 52, 0.004841424961528786),
    (1000, 550, 0.0008652680424881513), (5000, 2600, 0.002441824868758747),
  ])
  func binomialTail(trials: Int, successes: Int, expected: Double) {
    let tail = SignTest.upperTail(successes: successes, trials: trials)
    #expect(abs(tail / expected - 1) < 1e-9)
  }

  @Test func impossibleTails() {
    #expect(SignTest.upperTail(successes: 21, trials: 20) == 0)
    #expect(SignTest.upperTail(successes: 0, trials: 0) == 1)
  }

  @Test func signTestCountsOnlyWhatLiesBeyond() {
    // A value on the limit speaks for neither side.
    let values = [0.0, 0.1, 0.1, 0.1, -0.1]
    #expect(SignTest.above(0, values) == SignTest.upperTail(successes: 3, trials: 5))
    #expect(SignTest.below(0, values) == SignTest.upperTail(successes: 1, trials: 5))
  }

  /// `multipletests(p, method="holm")[1]`
  @Test(arguments: [
    ([0.01, 0.04, 0.03, 0.005, 0.2], [0.04, 0.09, 0.09, 0.025, 0.2]),
    ([0.001, 0.5, 0.9, 0.0004], [0.003, 1.0, 1.0, 0.0016]),
    ([0.02], [0.02]), ([], []),
  ])
  func holm(p: [Double], expected: [Double]) {
    let adjusted = HolmAdjustment.adjust(p)
    #expect(adjusted.count == expected.count)
    for (a, b) in zip(adjusted, expected) { #expect(abs(a - b) < 1e-12) }
  }

  /// `median_abs_deviation(d, scale=1.4826)` is `MAD · scale` in R's `mad` and `MAD / scale` in
  /// SciPy: R's is meant, `1.4826 * median_abs_deviation(d)`.
  @Test func spreadIsTheScaledMedianDeviation() throws {
    let d = [0.031, -0.012, 0.054, 0.048, 0.09, 0.02, -0.04, 0.061, 0.07, 0.033, 0.01]
    let estimate = try #require(MedianEstimate(d))
    #expect(estimate.median == 0.033)
    #expect(abs(estimate.spread - 1.4826 * 0.023) < 1e-12)
  }

  /// `quantile_test(d, q=0, p=0.5).confidence_interval(0.95)`
  @Test func medianInterval() throws {
    let d = [
      0.031, -0.012, 0.054, 0.048, 0.09, 0.02, -0.04, 0.061, 0.07, 0.033, 0.01, 0.044, 0.025, 0.003,
      0.055, 0.038, -0.002, 0.041, 0.029, 0.066,
    ]
    #expect(try #require(MedianEstimate(d)).interval == 0.02...0.054)
    #expect(try #require(MedianEstimate(Array(d.prefix(5)))).interval == nil)
    #expect(MedianEstimate([]) == nil)
  }

  @Test func logRatioOfABlock() {
    let block = GateBlock(base: [1, 2], candidate: [1.1, 2.42], secondBase: [2, 1])
    #expect(abs(block.logRatio - 0.5 * (log(1.1) + log(1.21))) < 1e-12)
    #expect(abs(block.baseLogRatio) < 1e-12)
  }
}
