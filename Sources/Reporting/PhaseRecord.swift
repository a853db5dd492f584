import Measurement

/// How long the phases of a convolution took, milliseconds, and what binds them; all nil unless asked
/// for with a plan that has phases.
public struct PhaseRecord: Hashable, Sendable {
  /// Turning layouts around.
  public var reorderMS: Double?
  /// Input transform.
  public var inputMS: Double?
  /// Matrix products.
  public var gemmMS: Double?
  /// Output transform.
  public var outputMS: Double?
  /// What is left of the wall time.
  public var waitingMS: Double?
  /// What binds each by the roofline.
  public var reorderBound: Bound?
  /// The same of the input transform.
  public var inputBound: Bound?
  /// The same of the products.
  public var gemmBound: Bound?
  /// The same of the output transform.
  public var outputBound: Bound?

  /// Creates a record of nothing.
  public init() {}

  /// The record of what was measured.
  public init(_ times: PhaseTimes) {
    func milliseconds(_ phase: PhaseTimes.Phase?) -> Double? { phase.map { $0.seconds * 1e3 } }
    let phases = times.phases
    reorderMS = milliseconds(phases[.reorder])
    inputMS = milliseconds(phases[.input])
    gemmMS = milliseconds(phases[.product])
    outputMS = milliseconds(phases[.output])
    waitingMS = times.waiting * 1e3
    reorderBound = phases[.reorder]?.bound
    inputBound = phases[.input]?.bound
    gemmBound = phases[.product]?.bound
    outputBound = phases[.output]?.bound
  }

  /// A phase as tables show it.
  struct Shown {
    let title: String
    let milliseconds: Double?
    let bound: Bound?
  }

  /// All of them, in the order of the work.
  var shown: [Shown] {
    [
      Shown(title: "reorder", milliseconds: reorderMS, bound: reorderBound),
      Shown(title: "input", milliseconds: inputMS, bound: inputBound),
      Shown(title: "gemm", milliseconds: gemmMS, bound: gemmBound),
      Shown(title: "output", milliseconds: outputMS, bound: outputBound),
      Shown(title: "waiting", milliseconds: waitingMS, bound: nil),
    ]
  }
}
