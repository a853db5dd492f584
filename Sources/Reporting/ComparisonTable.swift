import Measurement

/// A comparison as a table for people.
public struct ComparisonTable {
  private let width: Int
  private let style: TerminalStyle

  /// Creates a table of lines of at most `width` characters, if they can be had.
  public init(width: Int, style: TerminalStyle) {
    self.width = width
    self.style = style
  }

  /// Rows, geometric mean, and what only one side has; ends with a line break.
  public func text(_ comparison: Comparison) -> String {
    var lines: [String] = []
    if !comparison.rows.isEmpty {
      lines += grid(comparison).lines(width: width, style: style)
      lines.append(summary(comparison))
    }
    lines += changedVariants(comparison.rows.filter(\.changesVariant))
    for (old, new) in comparison.changedStatus {
      let reason = new.status == .ok ? "" : ": \(new.reason)"
      lines.append(
        style(
          .warning, "\(label(new)): was \(old.status.rawValue), is \(new.status.rawValue)\(reason)")
      )
    }
    lines += oneSided("only in the old file", comparison.onlyOld)
    lines += oneSided("only in the new file", comparison.onlyNew)
    return lines.map { $0 + "\n" }.joined()
  }

  private func grid(_ comparison: Comparison) -> TextGrid {
    var grid = TextGrid(columns: [
      .init(title: "row"), .init(title: "variant", dispensability: 2),
      .init(title: "old", isRightAligned: true), .init(title: "new", isRightAligned: true),
      .init(title: "new/old", isRightAligned: true),
      .init(title: "95 % interval", isRightAligned: true, dispensability: 1), .init(title: ""),
    ])
    for row in comparison.rows {
      let role: TerminalStyle.Role? =
        row.isSeparated ? (row.ratio > 1 ? .error : .best) : .faint
      let interval = row.interval.map {
        "\(Quantity.ratio($0.lowerBound))…\(Quantity.ratio($0.upperBound))"
      }
      grid.rows.append([
        .init(label(row.new)), .init(row.new.variant, .faint),
        .init(Quantity.time(milliseconds: row.old.medianMS)),
        .init(Quantity.time(milliseconds: row.new.medianMS)),
        .init(Quantity.ratio(row.ratio), role), .init(interval ?? "", .faint),
        .init(row.isSeparated ? (row.ratio > 1 ? "slower" : "faster") : "~", role),
      ])
    }
    return grid
  }

  private func summary(_ comparison: Comparison) -> String {
    let mean = comparison.geometricMean.map(Quantity.ratio) ?? "–"
    let slower = comparison.rows.count { $0.isSeparated && $0.ratio > 1 }
    let faster = comparison.rows.count { $0.isSeparated && $0.ratio < 1 }
    let alike = comparison.rows.count - slower - faster
    return
      "geometric mean \(mean) over \(comparison.rows.count) rows: "
      + "\(slower) slower, \(faster) faster, \(alike) not told apart (~)"
  }

  /// The longest list of names that is written out.
  private static let longestList = 20

  private func changedVariants(_ rows: [Comparison.Row]) -> [String] {
    list(
      "the backend chose otherwise in the new file",
      rows.map { "\(label($0.new)): \(variant($0.old)) → \(variant($0.new))" })
  }

  private func variant(_ record: ResultRecord) -> String {
    record.variant.isEmpty ? "–" : record.variant
  }

  private func oneSided(_ title: String, _ records: [ResultRecord]) -> [String] {
    list(title, records.map(label))
  }

  private func list(_ title: String, _ items: [String]) -> [String] {
    guard !items.isEmpty else { return [] }
    let shown = items.prefix(Self.longestList).map { "  \($0)" }
    let rest = items.count - shown.count
    return [style(.heading, "\(title): \(items.count)")] + shown
      + (rest > 0 ? ["  and \(rest) more"] : [])
  }

  private func label(_ record: ResultRecord) -> String {
    "\(record.fullName)/\(record.backendName)/\(record.isa)/\(record.layout)/\(record.threads)t"
  }
}
