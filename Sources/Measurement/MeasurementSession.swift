import Backends
import Convolution

/// Checks and times the cases of one problem after another.
public final class MeasurementSession {
  /// How cases are checked and timed.
  public let settings: RunSettings
  private let profile: MachineProfile?
  private let clock: any TimeSource
  private let threads: Int
  private let availableMemory: () -> Int

  /// Creates a session.
  ///
  /// - Parameters:
  ///   - profile: where peaks and bandwidths come from; nil to leave them out of the results.
  ///   - availableMemory: bytes that may still be allocated.
  /// - Throws: `MeasurementError.debugBuild` when told to time in a build without optimisation.
  public init(
    settings: RunSettings, profile: MachineProfile? = .shared,
    clock: any TimeSource = MonotonicClock(),
    availableMemory: @escaping () -> Int = { MemoryBudget.current().available }
  ) throws(MeasurementError) {
    guard BuildDescription.isOptimized || settings.allowsDebugBuild || !settings.times else {
      throw .debugBuild
    }
    self.settings = settings
    self.profile = profile
    self.clock = clock
    self.availableMemory = availableMemory
    threads = CoreBudget.current().usableCores
  }

  /// Checks and times `cases`, all of the same problem, against each other.
  ///
  /// - Returns: a result for each case, in their order; after a cancellation only those of the cases
  ///   that were done before.
  public func run(
    _ cases: [BenchmarkCase], observer: (MeasurementEvent) -> Void = { _ in }
  ) -> [CaseResult] {
    guard let problem = cases.first?.problem else { return [] }
    precondition(cases.allSatisfy { $0.problem == problem }, "the cases' problems differ")
    var results: [Int: CaseResult] = [:]

    func finish(_ index: Int, _ result: CaseResult) {
      results[index] = result
      observer(.finished(result))
    }

    for (index, benchmark) in cases.enumerated() {
      if let reason = refusal(benchmark) {
        finish(index, result(benchmark, .unsupported, reason))
      }
    }
    let accepted = cases.indices.filter { results[$0] == nil }
    do {
      try requireMemory(problem, cases: accepted.map { cases[$0] })
      guard !accepted.isEmpty else { return cases.indices.compactMap { results[$0] } }
      let data = try OperandSet.normal(problem, seed: settings.seed)
      let check =
        settings.checks
        ? try CorrectnessCheck(problem, normal: data, seed: settings.seed, threads: threads) : nil
      let prepared = prepare(
        accepted.map { ($0, cases[$0]) }, data, check, finish: finish, observer: observer)
      let cold =
        settings.sampling.isCold
        ? ColdSets(data, check: check, threads: threads, availableMemory: availableMemory) : nil
      try sample(prepared, cold, finish: finish, observer: observer)
    } catch {
      for index in accepted where results[index] == nil {
        finish(index, result(cases[index], .failed, error.description))
      }
    }
    return cases.indices.compactMap { results[$0] }
  }

  // MARK: The steps

  /// A case whose plan is ready to be called.
  private struct PreparedCase {
    let index: Int
    let set: PlanSet
    let secondsSpent: Double
    var result: CaseResult
  }

  private func refusal(_ benchmark: BenchmarkCase) -> String? {
    let isa = benchmark.options.isa
    guard isa.isAvailable else { return "this CPU does not run \(isa.rawValue)" }
    do {
      try benchmark.backend.validate(benchmark.problem, benchmark.options)
      return nil
    } catch {
      return error.reason
    }
  }

  /// Refuses what is known not to fit before any of it is allocated: operands, reference outputs,
  /// activations, weights once for each plan. What plans need besides is only known to them.
  private func requireMemory(
    _ problem: ConvolutionProblem, cases: [BenchmarkCase]
  ) throws(AllocationError) {
    guard !cases.isEmpty else { return }
    let layouts = Set(cases.map(\.options.layout)).count
    let activations = Double(problem.srcCount + problem.dstCount)
    let operands = Double(problem.srcCount + problem.weiCount) * (settings.checks ? 2 : 1)
    let plans = Double(problem.weiCount) * Double(cases.count)
    let reference = settings.checks ? problem.referenceBytes : 0
    let floats = activations * Double(layouts) + operands + plans
    let need = Double(MemoryLayout<Float>.size) * floats + Double(reference)
    guard need <= Double(availableMemory()) else {
      throw AllocationError(bytes: Int(exactly: need.rounded()) ?? .max)
    }
  }

  /// Makes, prepares and checks the plans, one after the other; cases that fail are finished here.
  private func prepare(
    _ cases: [(index: Int, benchmark: BenchmarkCase)], _ data: OperandSet,
    _ check: CorrectnessCheck?,
    finish: (Int, CaseResult) -> Void, observer: (MeasurementEvent) -> Void
  ) -> [PreparedCase] {
    let buffers = ActivationBuffers()
    var prepared: [PreparedCase] = []
    for (index, benchmark) in cases {
      guard !settings.isCancelled() else { return [] }
      do {
        let ready = try prepare(index, benchmark, data, check, buffers) {
          observer(.began($0, benchmark, index: index))
        }
        if let outcome = ready.result.check { observer(.checked(benchmark, outcome)) }
        if ready.result.status == .ok && settings.times {
          prepared.append(ready)
        } else {
          finish(index, ready.result)
        }
      } catch {
        finish(index, result(benchmark, error.status, error.description))
      }
    }
    return prepared
  }

  private func prepare(
    _ index: Int, _ benchmark: BenchmarkCase, _ data: OperandSet, _ check: CorrectnessCheck?,
    _ buffers: ActivationBuffers, begin: (MeasurementStep) -> Void
  ) throws(PlanError) -> PreparedCase {
    // The reference is everybody's: its time is not the first case's.
    if let check {
      begin(.computingReference)
      check.computeReference(benchmark.options)
    }
    begin(.preparing)
    let start = clock.nanoseconds()
    var makeSeconds = 0.0
    let (plan, src, dst) = try MemoryLimit.allowing(availableMemory()) { () throws(PlanError) in
      let start = clock.nanoseconds()
      let plan = try benchmark.backend.makePlan(benchmark.problem, benchmark.options)
      makeSeconds = clock.seconds(since: start)
      let (src, dst) = try buffers.buffers(for: plan)
      return (plan, src, dst)
    }
    let packSeconds = clock.time { data.prepare(plan, benchmark.options) }
    var result = result(benchmark, .ok, "")
    result.prepareSeconds = makeSeconds + packSeconds
    result.variant = plan.variant
    result.reason = plan.note
    result.weightsBytes = plan.weightsBytes
    result.workspaceBytes = plan.workspaceBytes
    result.executedFLOPs = plan.executedFLOPs
    if let check {
      begin(.checking)
      let outcome = check.check(
        plan, options: benchmark.options, src: src.baseAddress, dst: dst.baseAddress)
      result.check = outcome
      if let failure = outcome.failure {
        result.status = .wrong
        result.reason = failure
      }
    } else {
      plan.src.store(data.src.readOnly, to: src.baseAddress, threads: threads)
    }
    if settings.times, settings.timesPhases, result.status == .ok, let phased = plan.phased {
      begin(.timingPhases)
      result.phases = try times(
        of: phased, benchmark.options, src: src, dst: dst, spent: clock.seconds(since: start))
    }
    let spent = clock.seconds(since: start)
    return PreparedCase(
      index: index, set: PlanSet(plan: plan, src: src, dst: dst), secondsSpent: spent,
      result: result)
  }

  private func times(
    of plan: any PhasedPlan, _ options: PlanOptions, src: AlignedBuffer, dst: AlignedBuffer,
    spent: Double
  ) throws(PlanError) -> PhaseTimes? {
    let timer = PhaseTimer(
      rules: settings.sampling, clock: clock, evict: try evictor(),
      isCancelled: settings.isCancelled)
    return timer.times(
      of: plan, src: src.readOnly, dst: dst.baseAddress, threads: options.threads,
      roofline: profile?.roofline(options.isa, threads: options.threads), spent: spent)
  }

  /// What empties the caches before a sample.
  private func evictor() throws(PlanError) -> () -> Void {
    do {
      let eviction = try makeEviction()
      return { eviction?.run() }
    } catch {
      throw .memory(error)
    }
  }

  private func makeEviction() throws(AllocationError) -> CacheEviction? {
    guard settings.sampling.isCold else { return nil }
    return try CacheEviction(caches: .current, cpus: CoreBudget.current().cpus)
  }

  private func sample(
    _ prepared: [PreparedCase], _ cold: ColdSets?, finish: (Int, CaseResult) -> Void,
    observer: (MeasurementEvent) -> Void
  ) throws(AllocationError) {
    guard !prepared.isEmpty else { return }
    observer(.sampled(fraction: 0, leader: nil))
    var results = prepared.map(withRoofline)
    let eviction = try makeEviction()
    let sampler = Sampler(
      rules: settings.sampling, clock: clock,
      cold: cold.map { cold in
        Sampler.Cold(
          evict: { eviction?.run() }, mostCalls: cold.mostCalls(prepared.map(\.set)))
      }, isCancelled: settings.isCancelled)
    sampler.run(prepared.map(\.set.call), spent: prepared.map(\.secondsSpent)) { place, count in
      let benchmark = results[place].benchmark
      do throws(ColdSets.Failure) {
        guard let cold else { return nil }
        let made = try cold.make(
          count, of: benchmark, like: prepared[place].set, outcome: results[place].check)
        results[place].check = made.outcome
        return made.sets.map(\.call)
      } catch {
        finish(prepared[place].index, failed(results[place], error))
        return nil
      }
    } onProgress: { fraction, leader in
      observer(
        .sampled(fraction: fraction, leader: leader.map { prepared[$0].result.benchmark }))
    } onEnd: { place, set in
      guard set.end != .cancelled else { return }
      finish(prepared[place].index, completed(results[place], set))
    }
  }

  // MARK: Results

  private func result(
    _ benchmark: BenchmarkCase, _ status: CaseStatus, _ reason: String
  ) -> CaseResult {
    CaseResult(benchmark, status: status, reason: reason, seed: settings.seed)
  }

  private func failed(_ result: CaseResult, _ failure: ColdSets.Failure) -> CaseResult {
    var result = result
    result.status = failure.status
    result.reason = failure.reason
    result.check = failure.check ?? result.check
    return result
  }

  private func completed(_ result: CaseResult, _ set: SampleSet) -> CaseResult {
    var result = result
    if set.end == .timedOut, !settings.sampling.isEnoughAfterTimeout(set.samples.count) {
      result.status = .failed
      result.reason =
        "timed out with \(set.samples.count) samples; raise --timeout or use a smaller problem"
    } else {
      result.samples = set.samples
      result.callsPerSample = set.callsPerSample
      result.cache = settings.sampling.isCold ? .cold : .warm
    }
    return result
  }

  private func withRoofline(_ prepared: PreparedCase) -> CaseResult {
    var result = prepared.result
    guard let profile else { return result }
    let options = result.benchmark.options
    let roofline = profile.roofline(options.isa, threads: options.threads)
    let limit = roofline.limit(
      flops: prepared.set.plan.executedFLOPs, bytes: prepared.set.bytes)
    result.peakFLOPS = roofline.peak
    result.bound = limit.bound
    return result
  }
}

extension PlanError {
  /// How a case ends for which no plan could be made.
  fileprivate var status: CaseStatus {
    switch self {
    case .unsupported: .unsupported
    case .memory: .failed
    }
  }
}
