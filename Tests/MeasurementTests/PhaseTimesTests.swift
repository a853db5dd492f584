import Backends
import Convolution
import Synchronization
import Testing

@testable import Measurement

@Suite struct PhaseTimesTests {
  /// A plan whose call takes 10 ms of wall time, in which two threads work for 4 and 12 ms together.
  private final class PhasedFake: PhasedPlan {
    let plan: any ConvolutionPlan
    let clock: ManualClock
    var calls = 0

    init(_ plan: any ConvolutionPlan, _ clock: ManualClock) {
      (self.plan, self.clock) = (plan, clock)
    }

    var variant: String { plan.variant }
    var src: TensorDescription { plan.src }
    var dst: TensorDescription { plan.dst }
    var weightsBytes: Int { plan.weightsBytes }
    var workspaceBytes: Int { plan.workspaceBytes }
    var executedFLOPs: Double { plan.executedFLOPs }
    var errorBound: any ErrorBound { plan.errorBound }
    let phases: [ConvolutionPhase: PhaseWork] = [
      .input: PhaseWork(flops: 1, traffic: [.init(bytes: 1e6, footprint: 16 << 20)]),
      .product: PhaseWork(flops: 1e6),
    ]

    func prepare(wei: UnsafePointer<Float>, bias: UnsafePointer<Float>?) {
      plan.prepare(wei: wei, bias: bias)
    }
    func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
      plan.execute(src: src, dst: dst)
      clock.advance(1e-3)
    }
    func executePhased(
      src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>
    ) -> [ConvolutionPhase: Double] {
      calls += 1
      plan.execute(src: src, dst: dst)
      // The first call of all and every third are disturbed; the median is not.
      clock.advance(calls % 3 == 1 ? 50e-3 : 10e-3)
      return [.input: calls % 3 == 1 ? 44e-3 : 4e-3, .product: 12e-3]
    }
  }

  private struct PhasedBackend: ConvolutionBackend {
    let clock: ManualClock
    let name = "phased"
    let summary = ""
    let variants: [String] = []

    func validate(_ problem: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {}
    func makePlan(
      _ problem: ConvolutionProblem, _ options: PlanOptions
    ) throws(PlanError) -> any ConvolutionPlan {
      PhasedFake(try FakeBackend().makePlan(problem, options), clock)
    }
  }

  static let problem = MeasurementSessionTests.problem
  private let clock = ManualClock()

  private func run(_ change: (inout RunSettings) -> Void) throws -> CaseResult {
    var settings = RunSettings()
    settings.allowsDebugBuild = true
    settings.sampling.samples = 5
    change(&settings)
    let session = try MeasurementSession(settings: settings, profile: nil, clock: clock)
    let benchmark = BenchmarkCase(
      network: "net", layer: "layer", problem: Self.problem, backend: PhasedBackend(clock: clock),
      options: PlanOptions(isa: .generic, threads: 2))
    return try #require(session.run([benchmark]).first)
  }

  @Test func phasesAreMeansOverThreadsAndMediansOverCalls() throws {
    let result = try run { $0.timesPhases = true }
    let times = try #require(result.phases)
    #expect(times.phases.keys.count == 2)
    #expect(abs(times.phases[.input]!.seconds - 2e-3) < 1e-12)
    #expect(abs(times.phases[.product]!.seconds - 6e-3) < 1e-12)
    #expect(abs(times.waiting - 2e-3) < 1e-12)
    #expect(times.phases[.input]!.bound == nil, "no roofline, no bound")
    // The samples are calls without readings.
    #expect(result.status == .ok && result.samples == [1e-3, 1e-3, 1e-3, 1e-3, 1e-3])
  }

  @Test func phasesAreOnlyTimedWhenAskedFor() throws {
    #expect(try run { _ in }.phases == nil)
    #expect(
      try run {
        $0.timesPhases = true
        $0.times = false
      }.phases == nil)
  }

  @Test func theRooflineSaysWhatBinds() throws {
    let bench = try timer()
    let times = try #require(try bench.times(threads: 2, roofline: RooflineTests.roofline))
    #expect(times.phases.mapValues(\.bound) == [.input: .l3, .product: .compute])
  }

  /// A timer with its own plan and buffers.
  private struct Bench {
    let timer: PhaseTimer
    let plan: PhasedFake

    func times(threads: Int, roofline: Roofline?, spent: Double = 0) throws -> PhaseTimes? {
      let src = try AlignedBuffer(count: plan.src.count)
      let dst = try AlignedBuffer(count: plan.dst.count)
      let wei = try AlignedBuffer(count: PhaseTimesTests.problem.weiCount)
      plan.prepare(wei: wei.readOnly, bias: nil)
      return timer.times(
        of: plan, src: src.readOnly, dst: dst.baseAddress, threads: threads, roofline: roofline,
        spent: spent)
    }
  }

  private func timer(
    evict: @escaping () -> Void = {}, isCancelled: @escaping () -> Bool = { false },
    change: (inout SamplingRules) -> Void = { _ in }
  ) throws -> Bench {
    var rules = SamplingRules()
    (rules.samples, rules.warmup) = (5, 0)
    change(&rules)
    let options = PlanOptions(isa: .generic, threads: 2)
    return Bench(
      timer: PhaseTimer(rules: rules, clock: clock, evict: evict, isCancelled: isCancelled),
      plan: PhasedFake(try FakeBackend().makePlan(Self.problem, options), clock))
  }

  @Test func callsAreWarmedUpAndCounted() throws {
    let bench = try timer()
    _ = try bench.times(threads: 2, roofline: nil)
    #expect(bench.plan.calls == SamplingRules.leastWarmupCalls + 5)
    let longer = try timer(change: { $0.warmup = 0.1 })
    _ = try longer.times(threads: 2, roofline: nil)
    // 50 + 10 + 10 + 50 ms.
    #expect(longer.plan.calls == 4 + 5)
  }

  @Test func cachesAreEmptiedBeforeColdCalls() throws {
    let evictions = Atomic(0)
    let bench = try timer(
      evict: { evictions.add(1, ordering: .relaxed) }, change: { $0.isCold = true })
    _ = try bench.times(threads: 2, roofline: nil)
    #expect(evictions.load(ordering: .relaxed) == 5)
    _ = try timer(evict: { evictions.add(1, ordering: .relaxed) }).times(threads: 2, roofline: nil)
    #expect(evictions.load(ordering: .relaxed) == 5)
  }

  @Test func aTimeOutOrTheUserEndsIt() throws {
    #expect(try timer(isCancelled: { true }).times(threads: 2, roofline: nil) == nil)
    let late = try timer(change: { $0.timeout = 1 })
    #expect(try late.times(threads: 2, roofline: nil, spent: 1.1) == nil && late.plan.calls == 0)
    let slow = try timer(change: { ($0.samples, $0.timeout) = (1000, 1) })
    #expect(try slow.times(threads: 2, roofline: nil) != nil)
    #expect((30...50).contains(slow.plan.calls))
  }
}
