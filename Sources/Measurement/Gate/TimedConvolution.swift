import Convolution

/// One plan with its data, checked and ready to be timed: what a worker of the gate holds.
public final class TimedConvolution {
  /// How many outputs are compared with the reference.
  public enum CheckExtent: String, Codable, Sendable {
    /// As many as a run compares.
    case full
    /// A seeded sample, for a process that repeats what another has checked in full.
    case sample
  }

  /// Why there is nothing to time.
  public enum Failure: Error, Sendable {
    /// The backend or the CPU does not take it.
    case declined(String)
    /// A result outside its bound.
    case wrong(String)
    /// No memory.
    case memory(String)
  }

  /// The plan's own description of what it does.
  public let variant: String
  /// Outputs that were compared with the reference.
  public let checkedOutputs: Int
  private let plan: any ConvolutionPlan
  private let src: AlignedBuffer
  private let dst: AlignedBuffer
  private let clock: any TimeSource

  /// Makes and checks the plan of `benchmark`, and leaves it prepared on normal data.
  ///
  /// - Parameters:
  ///   - seed: of the data.
  ///   - checkSeed: of the sampled outputs.
  public init(
    _ benchmark: BenchmarkCase, seed: UInt64, check extent: CheckExtent, checkSeed: UInt64,
    clock: any TimeSource = MonotonicClock()
  ) throws(Failure) {
    let (problem, options) = (benchmark.problem, benchmark.options)
    guard options.isa.isAvailable else {
      throw .declined("this CPU does not run \(options.isa.rawValue)")
    }
    let ready: (plan: any ConvolutionPlan, src: AlignedBuffer, dst: AlignedBuffer)
    let outcome: CheckOutcome
    do {
      try benchmark.backend.validate(problem, options)
      ready = try MemoryLimit.allowing(MemoryBudget.current().available) { () throws(PlanError) in
        let plan = try benchmark.backend.makePlan(problem, options)
        let (src, dst) = try ActivationBuffers().buffers(for: plan)
        return (plan, src, dst)
      }
      let positions = extent == .sample ? problem.sampledPositions(seed: checkSeed) : nil
      let check = try CorrectnessCheck(
        problem, normal: .normal(problem, seed: seed), positions: positions, seed: seed,
        threads: CoreBudget.current().usableCores)
      outcome = check.check(
        ready.plan, options: options, src: ready.src.baseAddress, dst: ready.dst.baseAddress)
    } catch let error as Unsupported {
      throw .declined(error.reason)
    } catch PlanError.unsupported(let error) {
      throw .declined(error.reason)
    } catch {
      throw .memory("\(error)")
    }
    if let failure = outcome.failure { throw .wrong(failure) }
    (plan, src, dst) = ready
    variant = ready.plan.variant
    checkedOutputs = outcome.checkedOutputs
    self.clock = clock
  }

  /// Calls for at least `seconds` and three calls; returns the median seconds of the last calls.
  public func warmUp(seconds: Double) -> Double {
    var last: [Double] = []
    var total = 0.0
    repeat {
      let call = clock.time(call)
      total += call
      last.append(call)
      if last.count > Self.remembered { last.removeFirst() }
    } while total < seconds || last.count < SamplingRules.leastWarmupCalls
    return last.sorted()[last.count / 2]
  }

  private static let remembered = 15

  /// Seconds that `calls` calls take together, after some untimed ones that fetch the data back into
  /// the caches.
  ///
  /// - Parameter extra: calls besides, which the time holds too.
  public func time(calls: Int, extra: Int = 0) -> Double {
    for _ in 0..<max(1, calls / Self.primedPart) { call() }
    let all = calls + extra
    let start = clock.nanoseconds()
    for _ in 0..<all { call() }
    return clock.seconds(since: start)
  }

  /// One in so many calls is made untimed before a sample.
  private static let primedPart = 10

  private func call() { plan.execute(src: src.readOnly, dst: dst.baseAddress) }
}
