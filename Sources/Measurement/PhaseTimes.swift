import Convolution

/// How long the phases of a call took, in calls that were made for that.
public struct PhaseTimes: Hashable, Sendable {
  /// One phase.
  public struct Phase: Hashable, Sendable {
    /// Median over the calls of the mean over the threads.
    public var seconds: Double
    /// What binds it, by the roofline; nil without one.
    public var bound: Bound?

    /// Creates a phase.
    public init(seconds: Double, bound: Bound?) {
      self.seconds = seconds
      self.bound = bound
    }
  }

  /// Those that the plan has.
  public var phases: [ConvolutionPhase: Phase]
  /// What is left of the wall time: the mean thread waits for others, or has not begun.
  public var waiting: Double

  /// Creates times.
  public init(phases: [ConvolutionPhase: Phase], waiting: Double) {
    self.phases = phases
    self.waiting = waiting
  }
}

/// Times the phases of a plan, in as many calls as a case has samples by the rules, after a warm-up.
struct PhaseTimer {
  let rules: SamplingRules
  let clock: any TimeSource
  let evict: () -> Void
  let isCancelled: () -> Bool

  /// The times; nil when cancelled or timed out before there are any.
  ///
  /// - Parameters:
  ///   - roofline: what bounds are taken from, if known.
  ///   - spent: seconds that the case has used of its time-out before.
  func times(
    of plan: any PhasedPlan, src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>,
    threads: Int, roofline: Roofline?, spent: Double
  ) -> PhaseTimes? {
    let start = clock.nanoseconds()
    var isOver: Bool {
      isCancelled() || rules.timeout.map { spent + clock.seconds(since: start) > $0 } ?? false
    }
    var warmups = 0
    while !isOver,
      warmups < SamplingRules.leastWarmupCalls || clock.seconds(since: start) < rules.warmup
    {
      _ = plan.executePhased(src: src, dst: dst)
      warmups += 1
    }
    var walls: [Double] = []
    var calls: [[ConvolutionPhase: Double]] = []
    while !isOver, rules.ending(samples: walls, seconds: walls.reduce(0, +)) == nil {
      if rules.isCold { evict() }
      let wall = clock.time { calls.append(plan.executePhased(src: src, dst: dst)) }
      walls.append(wall)
    }
    guard !walls.isEmpty else { return nil }
    let share = 1 / Double(threads)
    let waits = zip(walls, calls).map { max(0, $0 - $1.values.reduce(0, +) * share) }
    return PhaseTimes(
      phases: Dictionary(
        uniqueKeysWithValues: plan.phases.map { phase, work in
          let seconds = Self.median(calls.map { ($0[phase] ?? 0) * share })
          return (phase, .init(seconds: seconds, bound: roofline?.limit(work).bound))
        }),
      waiting: Self.median(waits))
  }

  private static func median(_ values: [Double]) -> Double { SampleStatistics(values)!.median }
}
