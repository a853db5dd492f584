import Convolution
import Dispatch
import Synchronization
import Testing

@testable import Measurement

/// A session with cold samples whose calls take time by a clock that nothing else moves.
private struct ColdSetting {
  let clock = ManualClock()
  var settings = RunSettings()
  var availableMemory: () -> Int = { .max }

  init() {
    settings.allowsDebugBuild = true
    settings.sampling.isCold = true
    settings.sampling.samples = 2
    settings.sampling.warmup = 0
  }

  func run(_ backends: [FakeBackend]) throws -> [CaseResult] {
    let session = try MeasurementSession(
      settings: settings, profile: nil, clock: clock, availableMemory: availableMemory)
    return session.run(
      backends.map {
        BenchmarkCase(
          network: "net", layer: "layer", problem: MeasurementSessionTests.problem, backend: $0,
          options: PlanOptions(isa: .generic, threads: 1))
      })
  }

  func backend(_ name: String = "fake", seconds: Double = 0.4e-3) -> FakeBackend {
    FakeBackend(name: name, beforeExecute: { [clock] in clock.advance(seconds) })
  }
}

/// The plans that ran, numbered in the order in which they first did.
private final class PlanNumbers: Sendable {
  private let known = Mutex<[ObjectIdentifier]>([])

  subscript(_ plan: ObjectIdentifier) -> Int {
    known.withLock {
      if let number = $0.firstIndex(of: plan) { return number }
      $0.append(plan)
      return $0.count - 1
    }
  }
}

@Suite struct ColdSamplesTests {
  /// Three calls of 0.4 ms fill a sample.
  @Test func everyTimedCallHasAPlanAndBuffersOfItsOwnAndBothWereChecked() throws {
    let setting = ColdSetting()
    let calls = Mutex<[[UInt]]>([])
    let numbers = PlanNumbers()
    var backend = setting.backend()
    backend.spoil = { result in
      calls.withLock { $0.append([UInt(numbers[result.plan]), UInt(bitPattern: result.dst)]) }
    }
    let result = try #require(try setting.run([backend]).first)
    #expect(result.status == .ok && result.cache == .cold)
    #expect(result.callsPerSample == 3 && result.samples.count == 2)
    let log = calls.withLock { $0 }
    // Two of the check, three of the warm-up, one to compare with, and three compared with it.
    #expect(log.map { $0[0] } == [0, 0, 0, 0, 0, 0, 1, 2, 3] + [0, 1, 2, 3] + [0, 1, 2, 3])
    #expect(Set(log).count == 4, "each plan writes always to the same destination")
    #expect(Set(log.map { $0[1] }).count == 4, "and none to another's")
  }

  @Test func casesShareBuffersButNoPlans() throws {
    let setting = ColdSetting()
    let places = Mutex<[String: Set<UInt>]>([:])
    func backend(_ name: String) -> FakeBackend {
      var backend = setting.backend(name)
      backend.spoil = { result in
        _ = places.withLock { $0[name, default: []].insert(UInt(bitPattern: result.dst)) }
      }
      return backend
    }
    let results = try setting.run([backend("one"), backend("two")])
    #expect(results.map(\.status) == [.ok, .ok])
    #expect(places.withLock { $0["one"] == $0["two"] && $0["one"]?.count == 4 })
  }

  @Test func aFurtherPlanThatIsWrongIsFound() throws {
    let setting = ColdSetting()
    let numbers = PlanNumbers()
    var backend = setting.backend()
    backend.spoil = { if numbers[$0.plan] == 2 { $0.at(0, 1, 2, 3).pointee += 1 } }
    let results = try setting.run([backend, setting.backend("good")])
    #expect(results.map(\.status) == [.wrong, .ok])
    #expect(results[0].reason.hasPrefix("plan 3 of the same: integer data: n=0 k=1 p=2 q=3"))
    #expect(results[0].samples.isEmpty)
    #expect(results[0].check?.failure != nil)
  }

  @Test func aFurtherPlanThatWritesNotAllIsFound() throws {
    let setting = ColdSetting()
    let numbers = PlanNumbers()
    var backend = setting.backend()
    backend.spoil = { if numbers[$0.plan] == 1 { $0.at(0, 0, 0, 0).pointee = .nan } }
    let result = try #require(try setting.run([backend]).first)
    #expect(result.status == .wrong && result.reason.contains("not written, or NaN"))
  }

  @Test func aFurtherPlanThatRoundsDifferentlyIsHeldAgainstTheReference() throws {
    let setting = ColdSetting()
    let numbers = PlanNumbers()
    var backend = setting.backend()
    backend.spoil = {
      guard numbers[$0.plan] == 1, !$0.isExact else { return }
      $0.at(0, 1, 2, 3).pointee += 1e-6
    }
    let results = try setting.run([backend, setting.backend("good")])
    #expect(results.map(\.status) == [.ok, .ok])
    let errors = results.compactMap(\.check?.errorBoundFraction)
    #expect(errors[0] > errors[1], "the report is of the worst of the plans")
    #expect(results[0].samples.count == 2)
  }

  @Test func withoutCheckFurtherPlansAreNotRunBeforeTheyAreTimed() throws {
    var setting = ColdSetting()
    setting.settings.checks = false
    let numbers = PlanNumbers()
    let log = Mutex<[Int]>([])
    var backend = setting.backend()
    backend.spoil = { result in log.withLock { $0.append(numbers[result.plan]) } }
    #expect(try setting.run([backend]).map(\.status) == [.ok])
    #expect(log.withLock { $0 } == [0, 0, 0] + [0, 1, 2, 3] + [0, 1, 2, 3])
  }

  @Test func aLongCallNeedsOnePlan() throws {
    let setting = ColdSetting()
    let numbers = PlanNumbers()
    var backend = setting.backend(seconds: 0.02)
    let most = Atomic(0)
    backend.spoil = {
      most.store(max(most.load(ordering: .relaxed), numbers[$0.plan]), ordering: .relaxed)
    }
    let result = try #require(try setting.run([backend]).first)
    #expect(result.status == .ok && result.cache == .cold && result.callsPerSample == 1)
    #expect(most.load(ordering: .relaxed) == 0)
  }

  @Test func littleMemoryShortensSamples() throws {
    var setting = ColdSetting()
    let problem = MeasurementSessionTests.problem
    // The fake plan says that it holds 90 bytes.
    let set = 4 * (problem.srcCount + problem.dstCount) + 90
    let calls = [1, 2, 3].map { sets -> Int? in
      setting.availableMemory = { 2 * sets * set + set }
      setting.settings.checks = false
      return try? setting.run([setting.backend()]).first?.callsPerSample
    }
    #expect(calls == [1, 2, 3])
  }

  @Test func tooLittleMemoryForASecondPlanIsTold() throws {
    var setting = ColdSetting()
    let isExhausted = Atomic(false)
    setting.availableMemory = { isExhausted.load(ordering: .relaxed) ? 64 << 20 : .max }
    var hungry = setting.backend("hungry")
    hungry.plannedFloats = 1 << 28
    hungry.spoil = { _ in isExhausted.store(true, ordering: .relaxed) }
    let results = try setting.run([hungry, setting.backend()])
    #expect(results.map(\.status) == [.failed, .ok])
    #expect(
      results[0].reason
        == "cold samples need its data more than once: cannot allocate 1024 MiB; "
        + "use a smaller problem or batch; or leave out --cold")
  }

  /// Threads that empty the caches at the same time do not take each other's affinity for their own.
  @Test func emptyingPutsTheAffinityBack() throws {
    let cpus = CoreBudget.current().cpus
    let caches = CacheHierarchy(l1d: 32 << 10, l2: 64 << 10, l3: 256 << 10, lastLevelSharedBy: 1)
    let left = Mutex<[[Int]]>([])
    DispatchQueue.concurrentPerform(iterations: 16) { _ in
      guard let eviction = try? CacheEviction(caches: caches, cpus: cpus) else { return }
      for _ in 0..<20 { eviction.run() }
      left.withLock { $0.append(CoreBudget.current().cpus) }
    }
    #expect(left.withLock { $0 } == Array(repeating: cpus, count: 16))
  }
}
