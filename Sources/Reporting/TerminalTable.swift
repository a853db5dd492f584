import Measurement

/// Results for people: a table for each layer, totals for each network, and what the signs mean.
public struct TerminalTable: Sendable {
  /// Characters of a line.
  public let width: Int
  /// Colours.
  public let style: TerminalStyle

  /// Width when no terminal says otherwise.
  public static let defaultWidth = 120

  /// Creates a table for lines of `width` characters.
  public init(width: Int = defaultWidth, style: TerminalStyle = .plain) {
    self.width = max(width, 40)
    self.style = style
  }

  /// The results of one problem: a section for each instruction set, layout and number of threads.
  public func layer(_ records: [ResultRecord]) -> String {
    LayerSection.sections(records).map { section in
      text(
        heading(section) + timeLines(section) + phaseLines(section) + checkLines(section)
          + failureLines(section)
          + declinedLines(section))
    }.joined(separator: "\n")
  }

  /// The totals of the networks in `records`; empty if there is nothing to add up.
  public func totals(_ records: [ResultRecord]) -> String {
    let totals = NetworkTotal.totals(records)
    var lines: [String] = []
    for (index, total) in totals.enumerated() {
      let isFirst =
        index == 0 || totals[index - 1].network != total.network
        || totals[index - 1].conditions != total.conditions
      guard isFirst else { continue }
      let rows = totals.filter {
        $0.network == total.network && $0.conditions == total.conditions
      }
      lines += totalLines(rows)
    }
    return text(lines)
  }

  /// What the signs in the tables of `records` mean; empty if none is used.
  public func legend(_ records: [ResultRecord]) -> String {
    var notes: [String] = []
    let sections = LayerSection.sections(records)
    if sections.contains(where: { $0.timed.count > 1 }) { notes.append("▸ fastest") }
    notes += Legend.notes(sections)
    guard !notes.isEmpty else { return "" }
    return text(wrapped(notes.joined(separator: "; "), width: width, indentation: 0).map(faint))
  }

  private func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

  private func faint(_ line: String) -> String { style(.faint, line) }

  // MARK: A layer

  private func heading(_ section: LayerSection) -> [String] {
    let record = section.records[0]
    var name = section.conditions.name
    if record.multiplicity > 1 { name += " ×\(record.multiplicity)" }
    var facts: [String] = []
    if section.conditions.name != record.problem { facts.append(record.problem) }
    if let gflop = record.gflop { facts.append(Quantity.work(gflop: gflop)) }
    facts.append(section.conditionsText)
    return heading(name, facts.joined(separator: " · "))
  }

  /// A name, and what else there is to say on the same line or, without room, on more.
  private func heading(_ name: String, _ facts: String) -> [String] {
    if name.count + 2 + facts.count <= width {
      return [style(.heading, name) + "  " + faint(facts)]
    }
    return [style(.heading, name)] + wrapped(facts, width: width, indentation: 2).map(faint)
  }

  private func timeLines(_ section: LayerSection) -> [String] {
    let timed = section.timed
    guard let fastest = timed.first else { return [] }
    let hasStars = timed.contains(where: Legend.exceedsPeak)
    var grid = TextGrid(columns: [
      .init(title: ""), .init(title: "backend"), .init(title: "variant", dispensability: 7),
      .init(title: "time", isRightAligned: true), .init(title: "", isRightAligned: true),
      .init(
        title: "GFLOP/s" + (hasStars ? " " : ""), isRightAligned: true, dispensability: 1),
      .init(title: "of peak", isRightAligned: true, dispensability: 2),
      .init(title: "", dispensability: 8), .init(title: "bound", dispensability: 9),
      .init(title: "rel. error", isRightAligned: true, dispensability: 4),
      .init(title: "memory", isRightAligned: true, dispensability: 6),
      .init(
        title: section.baseline.map { "vs \($0.backend)" } ?? "", isRightAligned: true,
        dispensability: 3),
    ])
    for record in timed {
      let isFastest = record == fastest && timed.count > 1
      let mark = isFastest ? "▸" : section.tiesWithFastest(record) ? "≈" : " "
      let role: TerminalStyle.Role? = isFastest ? .best : nil
      let star = Legend.exceedsPeak(record) ? "*" : hasStars ? " " : ""
      grid.rows.append([
        .init(mark, role), .init(record.backendName, role), .init(record.variant, .faint),
        .init(Quantity.time(milliseconds: record.medianMS), role),
        .init(
          Quantity.uncertainty(record.uncertainty),
          Legend.isUnsteady(record) ? .warning : .faint),
        .init(Quantity.rate(record.gflops) + star, role),
        .init(Quantity.percent(record.peakFraction)),
        .init(record.peakFraction.map { Quantity.bar($0, width: 8) } ?? "", role),
        .init(record.bound?.rawValue ?? ""),
        .init(record.checkedOutputs == nil ? "unchecked" : Quantity.error(record.relL2Error)),
        .init(Quantity.bytes(record.memoryBytes)), .init(section.comparison(record), role),
      ])
    }
    return grid.lines(width: width, style: style)
  }

  private func phaseLines(_ section: LayerSection) -> [String] {
    let phased = section.timed.filter { $0.phases != PhaseRecord() }
    guard !phased.isEmpty else { return [] }
    var grid = TextGrid(
      columns: [.init(title: "phases of"), .init(title: "variant", dispensability: 1)]
        + PhaseRecord().shown.flatMap { phase -> [TextGrid.Column] in
          [
            .init(title: phase.title, isRightAligned: true),
            .init(title: "", isRightAligned: true, dispensability: 3),
            .init(title: "", dispensability: 2),
          ]
        })
    for record in phased {
      let phases = record.phases.shown
      let total = phases.reduce(0) { $0 + ($1.milliseconds ?? 0) }
      grid.rows.append(
        [.init(record.backendName), .init(record.variant, .faint)]
          + phases.flatMap { phase -> [TextGrid.Cell] in
            let time = phase.milliseconds
            return [
              .init(time.map { Quantity.time(milliseconds: $0) } ?? ""),
              .init(time.map { Quantity.percent($0 / total) } ?? "", .faint),
              .init(phase.bound?.rawValue ?? ""),
            ]
          })
    }
    return grid.lines(width: width, style: style, indentation: 3)
  }

  private func checkLines(_ section: LayerSection) -> [String] {
    guard !section.checked.isEmpty else { return [] }
    var grid = TextGrid(columns: [
      .init(title: ""), .init(title: "backend"), .init(title: "variant", dispensability: 4),
      .init(title: "outputs checked", isRightAligned: true, dispensability: 1),
      .init(title: "max. |error|", isRightAligned: true, dispensability: 2),
      .init(title: "rel. error", isRightAligned: true),
      .init(title: "of bound", isRightAligned: true, dispensability: 3),
    ])
    for record in section.checked {
      grid.rows.append([
        .init("✓", .best), .init(record.backendName), .init(record.variant, .faint),
        .init(record.checkedOutputs.map(String.init) ?? "–"),
        .init(Quantity.error(record.maxAbsError)), .init(Quantity.error(record.relL2Error)),
        .init(Quantity.percent(record.errorBoundFraction)),
      ])
    }
    return grid.lines(width: width, style: style)
  }

  private func failureLines(_ section: LayerSection) -> [String] {
    section.failed.flatMap { record in
      let sign = record.status == .wrong ? "✗" : "!"
      let variant = record.variant == record.forcedVariant ? "" : record.variant
      let name = [record.backendName, variant].filter { !$0.isEmpty }.joined(separator: " ")
      let text = "\(sign) \(name): \(record.status.rawValue): \(record.reason)"
      return wrapped(text, width: width, indentation: 0).map { style(.error, $0) }
    }
  }

  private func declinedLines(_ section: LayerSection) -> [String] {
    guard !section.declined.isEmpty else { return [] }
    let reasons = section.declined.map { "\($0.backendName) (\($0.reason))" }
    let lines = wrapped("not run: " + reasons.joined(separator: "; "), width: width, indentation: 3)
    return lines.map(faint)
  }

  // MARK: Totals

  private func totalLines(_ totals: [NetworkTotal]) -> [String] {
    let first = totals[0]
    let title = "\(first.network), \(first.layersOfAll) layers in all"
    var grid = TextGrid(columns: [
      .init(title: ""), .init(title: "backend"), .init(title: "Σ time", isRightAligned: true),
      .init(title: "GFLOP/s", isRightAligned: true, dispensability: 2),
      .init(title: "", dispensability: 1),
    ])
    let best = totals.first { $0.isComplete && $0.backend != NetworkTotal.fastestPerLayer }
    for total in totals {
      let role: TerminalStyle.Role? = total == best ? .best : nil
      let name = [total.backend, total.variant].filter { !$0.isEmpty }.joined(separator: "-")
      let note =
        total.isComplete ? "" : "\(total.layers) of \(total.layersOfAll) layers: not comparable"
      grid.rows.append([
        .init(total == best ? "▸" : " ", role), .init(name, role),
        .init(Quantity.time(milliseconds: total.totalMS), role),
        .init(Quantity.rate(total.gflops), role), .init(note, .faint),
      ])
    }
    return heading(title, first.conditions) + grid.lines(width: width, style: style)
  }
}
