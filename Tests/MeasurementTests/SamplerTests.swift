import Glibc
import Convolution
import Testing

@testable import Measurement

/// Calls that move a clock by hand, and what a sampler made of them.
private final class Bench {
  let clock = ManualClock()
  var rules = SamplingRules()
  var sets: [Int: SampleSet] = [:]
  var order: [Int] = []
  var log: [String] = []
  var progress: [Double] = []
  var leaders: [Int?] = []
  var isCancelled: () -> Bool = { false }
  /// The most calls of a cold sample.
  var mostCalls = 64
  /// Indices of calls of which there are no copies.
  var uncopied: Set<Int> = []

  /// Calls that take `seconds` each.
  func run(_ seconds: [Double], spent: Double = 0) {
    run(seconds.map { seconds in { _ in seconds } }, spent: spent)
  }

  /// Calls that take `seconds[i](n)` at their `n`-th time; copies are logged as `index.number`.
  func run(_ seconds: [(Int) -> Double], spent: Double = 0) {
    var counts = seconds.map { _ in 0 }
    func call(_ i: Int, _ name: String) -> () -> Void {
      {
        self.clock.advance(seconds[i](counts[i]))
        counts[i] += 1
        self.log.append(name)
      }
    }
    let cold = Sampler.Cold(evict: { self.log.append("evict") }, mostCalls: mostCalls)
    Sampler(
      rules: rules, clock: clock, cold: rules.isCold ? cold : nil,
      isCancelled: { self.isCancelled() }
    ).run(seconds.indices.map { call($0, "\($0)") }, spent: seconds.map { _ in spent }) {
      i, count in
      uncopied.contains(i) ? nil : (1...count).map { call(i, "\(i).\($0)") }
    } onProgress: {
      progress.append($0)
      leaders.append($1)
    } onEnd: {
      #expect(sets[$0] == nil, "a case ended twice")
      sets[$0] = $1
      order.append($0)
    }
  }
}

@Suite struct SamplerTests {
  @Test func samplesAreSecondsACall() throws {
    let bench = Bench()
    bench.rules.samples = 7
    bench.run([20e-6, 30e-6])
    let (fast, slow) = (try #require(bench.sets[0]), try #require(bench.sets[1]))
    #expect(fast.samples.count == 7 && slow.samples.count == 7)
    #expect(fast.callsPerSample == 50 && slow.callsPerSample == 50)
    #expect(fast.samples.allSatisfy { abs($0 - 20e-6) < 1e-12 })
    #expect(slow.samples.allSatisfy { abs($0 - 30e-6) < 1e-12 })
    #expect(fast.end == .exactCount)
  }

  @Test func steadyCallsSettleWithTenSamples() {
    let bench = Bench()
    bench.run([1e-3])
    #expect(bench.sets[0]?.samples.count == 10)
    #expect(bench.sets[0]?.end == .settled)
    #expect(bench.progress.last == 1)
  }

  @Test func unsteadyCallsTakeMinTime() {
    let bench = Bench()
    var random = SplitMix64(seed: 3)
    bench.run([{ _ in Double.random(in: 1e-3...2e-3, using: &random) }])
    #expect(bench.sets[0]?.end == .enoughTime)
    let total = bench.sets[0]!.samples.reduce(0, +) * Double(bench.sets[0]!.callsPerSample)
    #expect(total >= 0.5 && total < 0.51)
  }

  @Test func aSlowCaseLeavesAndTheOthersGoOn() {
    let bench = Bench()
    var random = SplitMix64(seed: 3)
    bench.run([{ _ in 2.0 }, { _ in Double.random(in: 1e-3...2e-3, using: &random) }])
    #expect(bench.sets[0]?.samples.count == 3)
    #expect(bench.sets[0]?.end == .slow)
    #expect(bench.sets[1]!.samples.count > 200)
    #expect(bench.order == [0, 1])
  }

  @Test func roundsAreShuffledAndEachHoldsEveryCase() {
    let bench = Bench()
    bench.rules.samples = 40
    bench.rules.isCold = true
    bench.run([0.02, 0.02, 0.02])
    let samples = bench.log.split(separator: "evict").dropFirst().flatMap { $0 }
    let rounds = stride(from: 0, to: samples.count, by: 3).map { Array(samples[$0..<$0 + 3]) }
    #expect(rounds.count == 40)
    #expect(rounds.allSatisfy { $0.sorted() == ["0", "1", "2"] })
    #expect(Set(rounds).count == 6, "all orders turn up")
  }

  @Test func theOrderFollowsTheSeed() {
    let orders = [1, 1, 2].map { (seed: UInt64) -> [String] in
      let bench = Bench()
      bench.rules.seed = seed
      bench.rules.samples = 10
      bench.run([1e-3, 1e-3, 1e-3])
      return bench.log
    }
    #expect(orders[0] == orders[1])
    #expect(orders[0] != orders[2])
  }

  @Test func warmUpLastsUntilCallsAgree() {
    let bench = Bench()
    bench.rules.samples = 1
    // 40 calls that get faster by 10 % each, steady after: 0.1 s are over long before.
    bench.run([{ n in 0.02 * (n < 15 ? pow(0.9, Double(n)) : pow(0.9, 15)) }])
    // Calls 15, 16 and 17 (counted from 1: 16 to 18) are the first three alike.
    #expect(bench.log.count == 18 + 2, "warm-up, one untimed call, one sample")
  }

  @Test func warmUpThatNeverAgreesEnds() {
    let bench = Bench()
    bench.rules.samples = 1
    bench.run([{ n in n.isMultiple(of: 2) ? 0.01 : 0.02 }])
    // 0.5 s at 15 ms a call on average.
    #expect(bench.log.count == 34 + 2)
  }

  @Test func warmUpHasThreeCalls() {
    let bench = Bench()
    bench.rules.samples = 1
    bench.run([1.0])
    #expect(bench.log.count == 3 + 1)
  }

  @Test func eachCallOfAColdSampleHasItsOwnData() {
    let bench = Bench()
    bench.rules.isCold = true
    bench.rules.samples = 3
    bench.rules.warmup = 0
    bench.run([0.3e-3])
    let sample = ["evict", "0", "0.1", "0.2", "0.3", "0.4"]
    #expect(bench.log == ["0", "0", "0"] + sample + sample + sample)
    #expect(bench.sets[0]?.callsPerSample == 4)
    #expect(bench.sets[0]!.samples.allSatisfy { abs($0 - 0.3e-3) < 1e-12 }, "one call is untimed")
  }

  @Test func evictionIsNotTimed() {
    let bench = Bench()
    bench.rules.isCold = true
    bench.rules.samples = 2
    let cold = Sampler.Cold(evict: { bench.clock.advance(1) }, mostCalls: 8)
    var sets: [SampleSet] = []
    let call = { bench.clock.advance(1e-3) }
    Sampler(rules: bench.rules, clock: bench.clock, cold: cold).run([call], spent: [0]) {
      Array(repeating: call, count: $1)
    } onProgress: { _, _ in
    } onEnd: {
      sets.append($1)
    }
    #expect(sets.map(\.samples) == [[1e-3, 1e-3]])
  }

  @Test func aLongColdCallNeedsNoCopy() {
    let bench = Bench()
    bench.rules.isCold = true
    bench.rules.samples = 2
    bench.uncopied = [0]
    bench.run([0.04])
    #expect(bench.log == ["0", "0", "0"] + ["evict", "0", "evict", "0"])
    #expect(bench.sets[0]?.callsPerSample == 1)
  }

  @Test func aColdSampleHasAsManyCallsAsThereMayBe() {
    let bench = Bench()
    bench.rules.isCold = true
    bench.rules.samples = 1
    bench.rules.warmup = 0
    bench.mostCalls = 2
    bench.run([1e-6])
    #expect(bench.log == ["0", "0", "0"] + ["evict", "0", "0.1", "0.2"])
  }

  @Test func aCaseWithoutCopiesLeavesTheOthersAlone() {
    let bench = Bench()
    bench.rules.isCold = true
    bench.rules.samples = 2
    bench.uncopied = [0]
    bench.run([1e-3, 1e-3])
    #expect(bench.sets.keys.sorted() == [1], "whoever has no copies says why")
    #expect(bench.sets[1]?.samples.count == 2)
  }

  @Test func makingCopiesCountsForTheTimeOut() {
    let bench = Bench()
    bench.rules.isCold = true
    bench.rules.timeout = 10
    var sets: [SampleSet] = []
    let call = { bench.clock.advance(1e-3) }
    Sampler(
      rules: bench.rules, clock: bench.clock, cold: Sampler.Cold(evict: {}, mostCalls: 8)
    ).run([call], spent: [0]) {
      bench.clock.advance(10)
      return Array(repeating: call, count: $1)
    } onProgress: { _, _ in
    } onEnd: {
      sets.append($1)
    }
    #expect(sets.map(\.end) == [.timedOut] && sets.map(\.samples) == [[]])
  }

  @Test func timeOutEndsACaseAlone() {
    let bench = Bench()
    bench.rules.timeout = 10
    bench.rules.samples = 20
    bench.run([3.0, 0.01])
    // Three warm-up calls (9 s) and one sample reach 12 s.
    #expect(bench.sets[0]?.end == .timedOut)
    #expect(bench.sets[0]?.samples.count == 1)
    #expect(bench.sets[1]?.end == .exactCount)
  }

  @Test func timeSpentBeforeCounts() {
    let bench = Bench()
    bench.rules.timeout = 10
    bench.run([0.01], spent: 10)
    #expect(bench.sets[0] == SampleSet(end: .timedOut))
    #expect(bench.log.count == 1)
  }

  @Test func cancellingKeepsWhatIsFinished() {
    let bench = Bench()
    bench.rules.minTime = 0.4
    bench.isCancelled = { bench.sets[0] != nil }
    var random = SplitMix64(seed: 3)
    bench.run([{ _ in 1e-3 }, { _ in Double.random(in: 1e-3...2e-3, using: &random) }])
    #expect(bench.sets[0]?.end == .settled)
    #expect(bench.sets[1]?.end == .cancelled)
    #expect(bench.sets[1]!.samples.count <= 10)
  }

  @Test func cancellingInTheWarmUpEndsAll() {
    let bench = Bench()
    bench.isCancelled = { bench.log.count == 2 }
    bench.run([1e-3, 1e-3])
    #expect(bench.sets.values.allSatisfy { $0 == SampleSet(end: .cancelled) })
    #expect(bench.log.count == 2)
  }

  @Test func progressRises() {
    let bench = Bench()
    var random = SplitMix64(seed: 3)
    bench.run([{ _ in Double.random(in: 1e-3...2e-3, using: &random) }, { _ in 0.1 }])
    #expect(zip(bench.progress, bench.progress.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(bench.progress.first! < 0.2)
    #expect(bench.progress.last == 1)
  }

  @Test func theLeaderIsTheOneOfTheLeastMean() {
    let bench = Bench()
    bench.rules.samples = 20
    bench.run([
      { _ in 1e-2 }, { n in n.isMultiple(of: 10) ? 5e-2 : 2e-3 },
      { _ in 8e-3 },
    ])
    #expect(bench.leaders.count == 20 && bench.leaders.last == 1)
  }

  @Test func oneRoundNamesALeader() {
    let bench = Bench()
    bench.rules.samples = 1
    bench.run([3e-3, 1e-3, 2e-3])
    #expect(bench.leaders == [1])
  }
}
