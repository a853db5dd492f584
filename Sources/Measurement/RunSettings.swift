/// How cases are checked and timed.
public struct RunSettings: Sendable {
  /// When sampling starts and stops; holds the per-case time-out and whether data are cold.
  public var sampling = SamplingRules()
  /// Whether each plan is checked before it is timed.
  public var checks = true
  /// Whether cases are timed; without, only checked.
  public var times = true
  /// Whether the phases of plans that have any are timed apart, besides and untimed otherwise.
  public var timesPhases = false
  /// Seed of the data.
  public var seed: UInt64 = 1
  /// Whether a debug build may time; its figures mean nothing.
  public var allowsDebugBuild = false
  /// Looked at between samples and cases; true ends the run.
  public var isCancelled: @Sendable () -> Bool = { false }

  /// Creates the default settings.
  public init() {}
}

/// Why nothing can be measured.
public enum MeasurementError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The executable was built without optimisation.
  case debugBuild

  /// One line with the cure.
  public var description: String {
    "this is a debug build, its times mean nothing: build with swift build -c release"
  }
}

/// What is done with one case before all cases of its problem are timed together.
public enum MeasurementStep: Hashable, Sendable {
  /// Computing what results are compared with, unless that is known already.
  case computingReference
  /// Making the plan and preparing the weights.
  case preparing
  /// Comparing with the reference.
  case checking
  /// Timing the phases apart.
  case timingPhases
}

/// What happens during a run, told outside of timed regions.
public enum MeasurementEvent: Sendable {
  /// A step of a case is about to begin; `index` is the case's place among those of its problem.
  case began(MeasurementStep, BenchmarkCase, index: Int)
  /// A plan was compared with the reference.
  case checked(BenchmarkCase, CheckOutcome)
  /// The part of the sampling done, 0…1, of all cases together, and the case with the least mean so
  /// far. Also told when the sampling is about to begin: nothing done, nobody ahead.
  case sampled(fraction: Double, leader: BenchmarkCase?)
  /// A case is done.
  case finished(CaseResult)
}
