import Convolution
import Synchronization
import Testing

@testable import Measurement

@Suite struct MeasurementSessionTests {
  static let problem = try! ConvolutionProblem(ic: 3, ih: 6, iw: 6, oc: 4, kh: 3, kw: 3)

  /// A session in which a call takes a millisecond by a clock that nothing else moves.
  private struct Setting {
    let clock = ManualClock()
    var settings = RunSettings()
    var availableMemory = Int.max

    init() {
      settings.allowsDebugBuild = true
      settings.sampling.samples = 5
    }

    func backend(_ name: String = "fake", seconds: Double = 1e-3) -> FakeBackend {
      FakeBackend(name: name, beforeExecute: { [clock] in clock.advance(seconds) })
    }

    func run(
      _ backends: [FakeBackend], isa: InstructionSet = .generic,
      observer: (MeasurementEvent) -> Void = { _ in }
    ) throws -> [CaseResult] {
      let session = try MeasurementSession(
        settings: settings, profile: nil, clock: clock, availableMemory: { availableMemory })
      return session.run(
        backends.map {
          BenchmarkCase(
            network: "net", layer: "layer", problem: MeasurementSessionTests.problem, backend: $0,
            options: PlanOptions(isa: isa, threads: 1))
        }, observer: observer)
    }
  }

  @Test func aGoodCaseIsCheckedAndTimed() throws {
    let setting = Setting()
    let result = try #require(try setting.run([setting.backend()]).first)
    #expect(result.status == .ok)
    #expect(result.reason.isEmpty)
    #expect(result.samples == [1e-3, 1e-3, 1e-3, 1e-3, 1e-3])
    #expect(result.callsPerSample == 1)
    #expect(result.statistics?.median == 1e-3)
    #expect(result.variant == "fake variant")
    #expect(result.weightsBytes == 40 && result.workspaceBytes == 50)
    #expect(result.executedFLOPs == 1e3)
    #expect(result.prepareSeconds == 0)
    #expect(result.check?.checkedOutputs == Self.problem.dstCount)
    #expect(result.peakFLOPS == nil && result.bound == nil)
    #expect(result.cache == .warm)
  }

  @Test func resultsSayWhatTheCachesHeld() throws {
    var setting = Setting()
    setting.settings.sampling.isCold = true
    #expect(try setting.run([setting.backend()]).first?.cache == .cold)
    setting.settings.times = false
    #expect(try setting.run([setting.backend()]).map(\.cache) == [nil], "nothing was timed")
  }

  @Test func resultsKeepTheCasesOrderAndEachHasItsStatus() throws {
    let setting = Setting()
    var unsupported = setting.backend("unsupported")
    unsupported.refusal = Unsupported("needs stride 2")
    var late = setting.backend("late")
    late.planError = .unsupported(Unsupported("needs more channels"))
    var hungry = setting.backend("hungry")
    hungry.planError = .memory(AllocationError(bytes: 3 << 20))
    var wrong = setting.backend("wrong")
    wrong.spoil = { $0.at(0, 1, 2, 3).pointee += 1 }
    let results = try setting.run([
      unsupported, setting.backend("a"), late, hungry, wrong, setting.backend("b", seconds: 2e-3),
    ])
    #expect(
      results.map(\.benchmark.backend.name) == ["unsupported", "a", "late", "hungry", "wrong", "b"])
    #expect(results.map(\.status) == [.unsupported, .ok, .unsupported, .failed, .wrong, .ok])
    #expect(results[0].reason == "needs stride 2")
    #expect(results[2].reason == "needs more channels")
    #expect(results[3].reason.contains("3 MiB"))
    #expect(results[4].reason.contains("n=0 k=1 p=2 q=3"))
    #expect(results.allSatisfy { ($0.status == .ok) == !$0.samples.isEmpty })
    #expect(results[5].samples == [2e-3, 2e-3, 2e-3, 2e-3, 2e-3])
  }

  @Test func aProblemThatDoesNotFitFailsBeforeAnythingIsMade() throws {
    var setting = Setting()
    setting.availableMemory = 100
    var refused = setting.backend()
    refused.refusal = Unsupported("no")
    let results = try setting.run([
      refused, setting.backend().with { Issue.record("a plan ran") },
    ])
    #expect(results.map(\.status) == [.unsupported, .failed])
    #expect(results[1].reason.contains("cannot allocate"))
  }

  @Test func aPlanThatDoesNotFitFailsAlone() throws {
    var setting = Setting()
    // Room enough for tests that run beside this one.
    setting.availableMemory = 1 << 30
    var hungry = setting.backend()
    hungry.plannedFloats = 3 << 28
    let results = try setting.run([hungry, setting.backend()])
    #expect(results.map(\.status) == [.failed, .ok])
    #expect(results[0].reason.contains("cannot allocate 3072 MiB"))
  }

  @Test func withoutCheckWrongPlansAreTimed() throws {
    var setting = Setting()
    setting.settings.checks = false
    var wrong = setting.backend()
    wrong.spoil = { $0.at(0, 1, 2, 3).pointee += 1 }
    let result = try #require(try setting.run([wrong]).first)
    #expect(result.status == .ok)
    #expect(result.check == nil)
    #expect(result.samples.count == 5)
  }

  @Test func checkingAloneTakesNoSamples() throws {
    var setting = Setting()
    setting.settings.times = false
    let result = try #require(try setting.run([setting.backend()]).first)
    #expect(result.status == .ok)
    #expect(result.check != nil)
    #expect(result.samples.isEmpty)
  }

  @Test func eventsComeInOrder() throws {
    let setting = Setting()
    var wrong = setting.backend("wrong")
    wrong.spoil = { $0.at(0, 0, 0, 0).pointee = .nan }
    var log: [String] = []
    var refused = setting.backend("refused")
    refused.refusal = Unsupported("no")
    let results = try setting.run([
      refused, wrong, setting.backend("slow", seconds: 3e-3), setting.backend("good"),
    ]) { event in
      switch event {
      case .began(let step, let benchmark, let index):
        log.append("\(step) \(benchmark.backend.name) \(index)")
      case .checked(let benchmark, let outcome):
        log.append("\(benchmark.backend.name) \(outcome.failure == nil)")
      case .sampled(let fraction, let leader):
        if [0, 1].contains(fraction) { log.append("\(fraction) \(leader?.backend.name ?? "-")") }
      case .finished(let result): log.append("\(result.status) \(result.benchmark.backend.name)")
      }
    }
    #expect(results.count == 4)
    func steps(_ name: String, _ index: Int) -> [String] {
      ["computingReference", "preparing", "checking"].map { "\($0) \(name) \(index)" }
    }
    #expect(
      Array(log.prefix(14)) == ["unsupported refused"] + steps("wrong", 1)
        + ["wrong false", "wrong wrong"] + steps("slow", 2) + ["slow true"] + steps("good", 3)
        + ["good true"])
    // The last samples come in an order of the round's own.
    #expect(log.dropFirst(14).first == "0.0 -" && log.last == "1.0 good")
    #expect(Set(log.suffix(3).dropLast()) == ["ok slow", "ok good"])
  }

  @Test func uncheckedCasesAreNotCompared() throws {
    var setting = Setting()
    setting.settings.checks = false
    var steps: [MeasurementStep] = []
    _ = try setting.run([setting.backend()]) {
      if case .began(let step, _, _) = $0 { steps.append(step) }
    }
    #expect(steps == [.preparing])
  }

  @Test func timeOutFailsACase() throws {
    var setting = Setting()
    setting.settings.sampling.timeout = 10
    let results = try setting.run([setting.backend("slow", seconds: 4), setting.backend("fast")])
    #expect(results.map(\.status) == [.failed, .ok])
    #expect(results[0].reason.contains("timed out"))
    #expect(results[0].samples.isEmpty)
  }

  @Test func threeSamplesBeforeATimeOutAreEnough() throws {
    var setting = Setting()
    setting.settings.sampling.samples = nil
    setting.settings.sampling.minTime = 100
    setting.settings.sampling.timeout = 9
    // Two calls in the check, three of warm-up, and the fourth sample ends after 9.9 s.
    let result = try #require(try setting.run([setting.backend(seconds: 1.1)]).first)
    #expect(result.status == .ok)
    #expect(result.samples.count == 4)
    #expect(result.statistics?.medianInterval == nil)
  }

  @Test func cancellingKeepsFinishedResults() throws {
    var setting = Setting()
    let finished = Atomic(0)
    setting.settings.sampling.samples = nil
    setting.settings.isCancelled = { finished.load(ordering: .relaxed) > 1 }
    var refused = setting.backend("refused")
    refused.refusal = Unsupported("no")
    // Three calls of 150 s are enough; the fast case has three samples then.
    setting.settings.sampling.minTime = 100
    let results = try setting.run([
      refused, setting.backend("slow", seconds: 150), setting.backend("fast"),
    ]) { if case .finished = $0 { finished.add(1, ordering: .relaxed) } }
    #expect(results.map(\.benchmark.backend.name) == ["refused", "slow"])
  }

  @Test func debugBuildsAreNotTimed() {
    if BuildDescription.isOptimized {
      #expect(throws: Never.self) { try MeasurementSession(settings: RunSettings()) }
    } else {
      #expect(throws: MeasurementError.debugBuild) {
        try MeasurementSession(settings: RunSettings())
      }
    }
    var checking = RunSettings()
    checking.times = false
    #expect(throws: Never.self) { try MeasurementSession(settings: checking) }
  }
}

extension FakeBackend {
  fileprivate func with(beforeExecute: @escaping @Sendable () -> Void) -> FakeBackend {
    var copy = self
    copy.beforeExecute = beforeExecute
    return copy
  }
}
