import Testing

@testable import Measurement

@Suite struct SamplingRulesTests {
  /// 20 µs need 50 calls for 1 ms; 0.5 ms take part in that (25 ms), 2 ms (100 ms) and 3 s do not.
  @Test func comparedCasesShareTheFastestsCalls() {
    let calls = SamplingRules().callsPerSample(
      callSeconds: [0.5e-3, 20e-6, 2e-3, 3], resolution: 20e-9)
    #expect(calls == [50, 50, 1, 1])
  }

  @Test func aSlowCaseStillFillsItsSample() {
    #expect(
      SamplingRules().callsPerSample(callSeconds: [3e-6, 0.4e-3], resolution: 0) == [334, 3])
  }

  @Test func aCoarseClockLengthensSamples() {
    // 1000 steps of 4 µs are 4 ms.
    #expect(SamplingRules().callsPerSample(callSeconds: [1e-3], resolution: 4e-6) == [4])
  }

  /// 1 µs would need 1000 calls; 2 ms and 64 calls are more than a tenth of `minTime`.
  @Test func callsOfASampleCanBeLimited() {
    #expect(
      SamplingRules().callsPerSample(callSeconds: [1e-6, 0.5e-3, 2e-3], resolution: 0, most: 64)
        == [64, 64, 1])
  }

  @Test func enoughTimeNeedsTenSamples() {
    let wide = (0..<12).map { 1 + Double($0) }
    #expect(SamplingRules().ending(samples: wide, seconds: 0.5) == .enoughTime)
    #expect(SamplingRules().ending(samples: wide, seconds: 0.49) == nil)
    #expect(SamplingRules().ending(samples: Array(wide.prefix(9)), seconds: 0.6) == nil)
  }

  @Test func anIntervalWithinOnePercentEndsEarly() {
    let narrow = (0..<10).map { 1 + 0.0009 * Double($0) }
    #expect(SamplingRules().ending(samples: narrow, seconds: 0.01) == .settled)
    #expect(SamplingRules().ending(samples: Array(narrow.prefix(9)), seconds: 0.01) == nil)
    let wide = (0..<10).map { 1 + 0.009 * Double($0) }
    #expect(SamplingRules().ending(samples: wide, seconds: 0.01) == nil)
  }

  @Test func slowCasesStopWithThree() {
    #expect(SamplingRules().ending(samples: [1, 1], seconds: 2) == nil)
    #expect(SamplingRules().ending(samples: [1, 1, 1], seconds: 2) == .slow)
    #expect(SamplingRules().ending(samples: [1, 1, 1], seconds: 1.9) == nil)
  }

  @Test func aGivenNumberIsExact() {
    var rules = SamplingRules()
    rules.samples = 4
    #expect(rules.ending(samples: [1, 1, 1], seconds: 100) == nil)
    #expect(rules.ending(samples: [1, 1, 1, 1], seconds: 0) == .exactCount)
    #expect(rules.progress(count: 1, seconds: 100) == 0.25)
    #expect(!rules.isEnoughAfterTimeout(3))
  }

  @Test func progressIsTheNearestRulesPart() {
    let rules = SamplingRules()
    #expect(rules.progress(count: 0, seconds: 0) == 0)
    #expect(rules.progress(count: 5, seconds: 0.5) == 0.5)
    #expect(rules.progress(count: 100, seconds: 0.25) == 0.5)
    #expect(rules.progress(count: 1, seconds: 4) == 1.0 / 3)
    #expect(rules.progress(count: 50, seconds: 50) == 1)
  }
}
