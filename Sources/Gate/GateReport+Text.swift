import Measurement
import Reporting

extension GateReport {
  /// The report for people: a line for each row with the effect, its interval, the limit and the
  /// number of blocks; then the reasons, then what it comes to.
  public func text(width: Int, style: TerminalStyle) -> String {
    var grid = TextGrid(columns: [
      .init(title: "verdict"), .init(title: "row"), .init(title: "effect", isRightAligned: true),
      .init(title: "95 % interval", isRightAligned: true),
      .init(title: "limit", isRightAligned: true), .init(title: "n", isRightAligned: true),
      .init(title: "base", isRightAligned: true, dispensability: 2),
      .init(title: "candidate", isRightAligned: true, dispensability: 1),
    ])
    for row in rows { grid.rows.append(cells(row)) }
    let reasons = rows.filter { !$0.reason.isEmpty }.map { "\($0.gateCase.label): \($0.reason)" }
    let lines = grid.lines(width: width, style: style) + reasons + [summary(style)]
    return lines.map { $0 + "\n" }.joined()
  }

  private func cells(_ row: GateRowReport) -> [TextGrid.Cell] {
    let effect = row.outcome?.effect
    func time(_ seconds: Double?) -> String {
      seconds.map { Quantity.time(milliseconds: $0 * 1e3) } ?? ""
    }
    var interval = ""
    if let low = effect?.low, let high = effect?.high { interval = Percent.interval(low...high) }
    return [
      .init(row.verdictText, Self.role(row)), .init(row.gateCase.label),
      .init(effect.map { Percent.signed($0.ratio) } ?? ""), .init(interval),
      .init(effect == nil ? "" : Percent.signed(rules.noiseThreshold), .faint),
      .init(effect.map { "\($0.blocks)" } ?? ""), .init(time(effect?.baseSeconds), .faint),
      .init(time(effect?.candidateSeconds), .faint),
    ]
  }

  private static func role(_ row: GateRowReport) -> TerminalStyle.Role? {
    switch row.result {
    case .wrong: .error
    case .skipped: .faint
    case .compared(let outcome): outcome.verdict.role
    }
  }

  private func summary(_ style: TerminalStyle) -> String {
    let counts = Dictionary(grouping: rows, by: \.verdictText).mapValues(\.count)
    let order = GateVerdict.allCases.map(\.rawValue) + ["wrong", "skipped"]
    let text = order.compactMap { name in counts[name].map { "\($0) \(name)" } }
      .joined(separator: ", ")
    switch exit {
    case .passed: return style(.best, "passed") + ": \(text)"
    case .failed: return style(.error, "failed") + ": \(text)"
    case .cancelled: return style(.warning, "interrupted") + ": \(text)"
    case .badBase, .unmeasured: return style(.warning, "not measured") + ": \(text)"
    }
  }
}

extension GateVerdict {
  /// How it is coloured.
  var role: TerminalStyle.Role? {
    switch self {
    case .regression: .error
    case .improvement: .best
    case .inconclusive: .warning
    case .same: nil
    }
  }
}
