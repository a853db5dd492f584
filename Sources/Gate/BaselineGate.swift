import Measurement
import Reporting

/// Compares results of today with stored ones of the same machine.
///
/// Noise lies between runs, and a stored run cannot be repeated beside the new one: what this finds is
/// advice. The old times are first brought to today's clock frequency by the peaks that both runs
/// measured in their own process: `old · peak then / peak now`. That takes out what slows everything
/// down alike, and only for code that computes; a row that memory binds is left as it is.
public struct BaselineGate {
  /// A row and what is said of it.
  public struct Row: Sendable {
    /// The verdict.
    public let verdict: GateVerdict
    /// Both results; the old one's times are normalised.
    public let comparison: Comparison.Row
  }

  /// The rows that both have measured, the biggest movers first.
  public let rows: [Row]
  /// What else there is to say, a line each.
  public let notices: [String]
  /// How the gate ends.
  public let exit: GateExit

  /// Compares results of the same machine.
  ///
  /// - Parameter enforces: whether a regression fails the gate.
  public init(
    old: [ResultRecord], new: [ResultRecord], rules: GateRules, enforces: Bool,
    isCancelled: Bool = false
  ) {
    let joined = Comparison(old: old, new: new)
    let scales = Dictionary(
      joined.rows.map { (Comparison.Key($0.old), Self.scale($0)) }, uniquingKeysWith: { $1 })
    let normalised = old.map { $0.slowed(by: scales[Comparison.Key($0)] ?? 1) }
    let comparison = Comparison(old: normalised, new: new)
    rows = comparison.rows.map { Row(verdict: Self.verdict($0, rules), comparison: $0) }
    notices = Self.notices(comparison)
    exit = isCancelled ? .cancelled : Self.exit(rows, new, enforces: enforces)
  }

  /// A gate that measures nothing, for this reason.
  public init(refused reason: String) {
    rows = []
    notices = [reason]
    exit = .unmeasured
  }

  /// Why results cannot be compared with those of `machine`, a fingerprint; nil if they can.
  public static func refusal(_ old: [ResultRecord], machine: String) -> String? {
    let machines = Set(old.map(\.run.machine)).sorted()
    guard machines != [machine] else { return nil }
    return "stored on \(machines.isEmpty ? "no machine" : machines.joined(separator: " and ")), "
      + "this is \(machine): times of other machines say nothing"
  }

  /// By what the old times are multiplied.
  private static func scale(_ row: Comparison.Row) -> Double {
    guard row.old.bound == .compute, row.new.bound == .compute, let then = row.old.peakGFLOPS,
      let now = row.new.peakGFLOPS, then > 0, now > 0
    else { return 1 }
    return then / now
  }

  private static func verdict(_ row: Comparison.Row, _ rules: GateRules) -> GateVerdict {
    guard let interval = row.interval, let old = row.old.medianMS, let new = row.new.medianMS else {
      return .inconclusive
    }
    let limit = 1 + rules.noiseThreshold
    if interval.lowerBound > limit {
      return (new - old) * 1e-3 > rules.leastSlowdown ? .regression : .same
    }
    if interval.upperBound < 1 / limit { return .improvement }
    return interval.upperBound <= limit ? .same : .inconclusive
  }

  private static func notices(_ comparison: Comparison) -> [String] {
    let unmatched = comparison.onlyNew.count
    let changed = comparison.changedStatus.map { old, new in
      "\(new.fullName) by \(new.backendName) was \(old.status.rawValue), is \(new.status.rawValue)"
    }
    return changed + otherPlans(comparison.rows.filter(\.changesVariant))
      + (unmatched > 0 ? ["\(unmatched) rows are not in the baseline"] : [])
  }

  /// Rows of which the backend chose another plan than then; a few are named.
  private static func otherPlans(_ rows: [Comparison.Row]) -> [String] {
    guard !rows.isEmpty else { return [] }
    let named = rows.prefix(3).map {
      "\($0.new.fullName) by \($0.new.backendName) (\($0.old.variant), now \($0.new.variant))"
    }
    let rest = rows.count > named.count ? " and more" : ""
    return [
      "\(rows.count) rows run another plan than stored: \(named.joined(separator: ", "))\(rest)"
    ]
  }

  private static func exit(_ rows: [Row], _ new: [ResultRecord], enforces: Bool) -> GateExit {
    if new.contains(where: { $0.status == .wrong }) { return .failed }
    if rows.isEmpty { return .unmeasured }
    return enforces && rows.contains { $0.verdict == .regression } ? .failed : .passed
  }
}

extension ResultRecord {
  /// The row as if everything had taken `factor` times as long.
  fileprivate func slowed(by factor: Double) -> ResultRecord {
    var record = self
    record.medianMS = medianMS.map { $0 * factor }
    record.ci95LowMS = ci95LowMS.map { $0 * factor }
    record.ci95HighMS = ci95HighMS.map { $0 * factor }
    return record
  }
}

extension BaselineGate {
  /// The report for people.
  public func text(width: Int, style: TerminalStyle) -> String {
    var grid = TextGrid(columns: [
      .init(title: "verdict"), .init(title: "row"), .init(title: "stored", isRightAligned: true),
      .init(title: "now", isRightAligned: true), .init(title: "now/stored", isRightAligned: true),
      .init(title: "95 % interval", isRightAligned: true),
    ])
    for row in rows {
      let (old, new) = (row.comparison.old, row.comparison.new)
      let interval = row.comparison.interval.map {
        "\(Quantity.ratio($0.lowerBound))…\(Quantity.ratio($0.upperBound))"
      }
      grid.rows.append([
        .init(row.verdict.rawValue, row.verdict.role),
        .init("\(new.fullName)/\(new.backendName)/\(new.isa)/\(new.layout)/\(new.threads)t"),
        .init(Quantity.time(milliseconds: old.medianMS)),
        .init(Quantity.time(milliseconds: new.medianMS)),
        .init(Quantity.ratio(row.comparison.ratio)), .init(interval ?? ""),
      ])
    }
    return grid.lines(width: width, style: style).map { $0 + "\n" }.joined()
  }

  /// The whole report; times in milliseconds as in result files, the stored ones normalised.
  public func json(machine: String, exitCode: Int) -> JSONValue {
    .object([
      .init("schema", .integer(1)), .init("exit", .string(exit.rawValue)),
      .init("exit_code", .integer(exitCode)), .init("machine", .string(machine)),
      .init("notices", .array(notices.map(JSONValue.string))),
      .init("rows", .array(rows.map(Self.json))),
    ])
  }

  private static func json(_ row: Row) -> JSONValue {
    let new = row.comparison.new
    func number(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
    return .object([
      .init("network", .string(new.network)), .init("layer", .string(new.layer)),
      .init("problem", .string(new.problem)), .init("backend", .string(new.backend)),
      .init("variant", .string(new.variant)),
      .init("stored_variant", .string(row.comparison.old.variant)),
      .init("forced_variant", new.forcedVariant.map(JSONValue.string) ?? .null),
      .init("isa", .string(new.isa)),
      .init("layout", .string(new.layout)), .init("threads", .integer(new.threads)),
      .init("verdict", .string(row.verdict.rawValue)),
      .init("stored_ms", number(row.comparison.old.medianMS)),
      .init("now_ms", number(new.medianMS)), .init("ratio", .number(row.comparison.ratio)),
      .init("ci95_low", number(row.comparison.interval?.lowerBound)),
      .init("ci95_high", number(row.comparison.interval?.upperBound)),
    ])
  }
}
