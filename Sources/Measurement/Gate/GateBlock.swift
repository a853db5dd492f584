import Glibc

/// The samples of one block: base, candidate and a second base in fresh processes, each timed once in
/// some order and once in its mirror, so that linear drift falls on all alike.
public struct GateBlock: Codable, Hashable, Sendable {
  /// Seconds a call of the base, first and second half.
  public var base: [Double]
  /// Seconds a call of the candidate.
  public var candidate: [Double]
  /// Seconds a call of the second base.
  public var secondBase: [Double]

  /// The share of its samples that a thread waited for a core; 0 where the system does not tell.
  public var waited: Double

  /// Creates a block of as many samples of each, ≥ 1, all positive.
  public init(base: [Double], candidate: [Double], secondBase: [Double], waited: Double = 0) {
    precondition(
      !base.isEmpty && base.count == candidate.count && base.count == secondBase.count,
      "a block has as many samples of each arm")
    self.base = base
    self.candidate = candidate
    self.secondBase = secondBase
    self.waited = waited
  }

  /// `D = ½[ln(B₁/A₁) + ln(B₂/A₂)]`: how much slower the candidate is than the base.
  public var logRatio: Double { Self.logRatio(candidate, base) }

  /// The same of the second base: what the machine makes of no difference at all.
  public var baseLogRatio: Double { Self.logRatio(secondBase, base) }

  private static func logRatio(_ over: [Double], _ under: [Double]) -> Double {
    zip(over, under).reduce(0) { $0 + log($1.0 / $1.1) } / Double(over.count)
  }
}
