import Measurement

/// How a gate ends; scripts rely on it.
public enum GateExit: String, Hashable, Sendable {
  /// No row is slower.
  case passed
  /// A row is slower, or the candidate computes a wrong result.
  case failed
  /// The base is no program.
  case badBase = "bad_base"
  /// A row could not be measured, or there was none.
  case unmeasured
  /// The user has ended it.
  case cancelled
}

/// What became of a row.
public enum GateRowResult: Hashable, Sendable {
  /// Both sides ran.
  case compared(GateOutcome)
  /// There is nothing to compare with; says why.
  case skipped(String)
  /// The candidate computes a wrong result; says where.
  case wrong(String)
}

/// A row at its end.
public struct GateRowReport: Sendable {
  /// What was run.
  public var gateCase: GateCase
  /// What became of it.
  public var result: GateRowResult
  /// The base's description of its plan.
  public var baseVariant: String
  /// The candidate's.
  public var candidateVariant: String
  /// Calls in each sample.
  public var callsPerSample: Int
  /// The blocks before any confirmation.
  public var blocks: [GateBlock]
  /// The blocks of the confirmation.
  public var confirmation: [GateBlock]
}

/// A gate at its end.
public struct GateReport: Sendable {
  /// The rules that held.
  public var rules: GateRules
  /// Every row, in the order in which they were given.
  public var rows: [GateRowReport] = []
  /// Why nothing was measured at all; nil if something was.
  public var error: String?
  /// How the gate ends.
  public var exit: GateExit
  /// The base's executable.
  public var base: String
  /// The commit that the base was built from, if it knows.
  public var baseCommit: String?
  /// The same of the candidate.
  public var candidateCommit: String?
  /// Seconds that it took.
  public var seconds = 0.0
  /// Seed of the orders.
  public var seed: UInt64

  /// A gate that ends before any row.
  public static func failure(
    _ error: String, _ exit: GateExit, base: String, settings: GateSettings
  ) -> GateReport {
    GateReport(
      rules: settings.rules, error: error, exit: exit, base: base, seed: settings.seed)
  }

  /// How a gate with these rows ends: a regression counts before a row that could not be measured.
  static func exit(_ rows: [GateRowReport]) -> GateExit {
    var isCompared = false
    var isUnmeasured = false
    for row in rows {
      switch row.result {
      case .wrong: return .failed
      case .compared(let outcome) where outcome.verdict == .regression: return .failed
      case .compared(let outcome):
        isCompared = true
        isUnmeasured = isUnmeasured || !outcome.isMeasured
      case .skipped: break
      }
    }
    return isCompared && !isUnmeasured ? .passed : .unmeasured
  }
}
