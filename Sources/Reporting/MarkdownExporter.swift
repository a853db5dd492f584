import Measurement

/// Results as Markdown tables, to paste into an issue or keep beside the raw data.
public enum MarkdownExporter {
  /// The document: the run, its warnings, all layers and the networks' totals.
  public static func document(
    _ records: [ResultRecord], run: RunFacts, warnings: [String] = []
  ) -> String {
    var text = "# conv-bench\n\n"
    text += "Run `\(run.runID)`, \(run.timestamp)"
    text += run.commit.isEmpty ? "" : ", commit `\(run.commit)`"
    text += "\nMachine `\(run.machine)`\n"
    if !warnings.isEmpty {
      text += "\n" + warnings.map { "- Warning: \(escaped($0))\n" }.joined()
    }
    for section in LayerSection.sections(records) { text += "\n" + layer(section) }
    for note in Legend.notes(LayerSection.sections(records)) { text += "\n\(escaped(note))\n" }
    let totals = NetworkTotal.totals(records)
    if !totals.isEmpty { text += "\n## Totals\n\n" + table(totals) }
    return text
  }

  private static func layer(_ section: LayerSection) -> String {
    let record = section.records[0]
    let multiplicity = record.multiplicity > 1 ? " ×\(record.multiplicity)" : ""
    var text = "## \(escaped(section.conditions.name))\(multiplicity)\n\n"
    let gflop = record.gflop.map { ", \(Quantity.work(gflop: $0))" } ?? ""
    text += "`\(record.problem)`\(gflop), \(section.conditionsText)\n\n"
    let comparison = section.baseline.map { "vs \($0.backend)" } ?? ""
    text += row([
      "backend", "variant", "time", "GFLOP/s", "of peak", "bound", "rel. error", "memory",
      comparison,
    ])
    text += "|---|---|---:|---:|---:|---|---:|---:|---:|\n"
    for record in section.timed + section.checked {
      let name = record == section.timed.first ? "**\(record.backendName)**" : record.backendName
      let time = [
        Quantity.time(milliseconds: record.medianMS), Quantity.uncertainty(record.uncertainty),
      ].filter { !$0.isEmpty }.joined(separator: " ")
      text += row([
        name, record.variant, section.tiesWithFastest(record) ? "≈ \(time)" : time,
        Quantity.rate(record.gflops)
          + (Legend.exceedsPeak(record) ? "\\*" : ""),
        Quantity.percent(record.peakFraction), record.bound?.rawValue ?? "",
        Quantity.error(record.relL2Error), Quantity.bytes(record.memoryBytes),
        section.comparison(record),
      ])
    }
    for record in section.failed + section.declined {
      text += row([
        record.backendName, record.variant, "\(record.status.rawValue): \(escaped(record.reason))",
        "", "", "", "", "", "",
      ])
    }
    return text
  }

  private static func table(_ totals: [NetworkTotal]) -> String {
    var text = row(["network", "conditions", "backend", "Σ time", "GFLOP/s", "layers"])
    text += "|---|---|---|---:|---:|---:|\n"
    for total in totals {
      let name = [total.backend, total.variant].filter { !$0.isEmpty }.joined(separator: "-")
      text += row([
        total.network, total.conditions, name, Quantity.time(milliseconds: total.totalMS),
        Quantity.rate(total.gflops), "\(total.layers) of \(total.layersOfAll)",
      ])
    }
    return text
  }

  private static func row(_ cells: [String]) -> String {
    "| " + cells.joined(separator: " | ") + " |\n"
  }

  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "|", "*", "_", "<", "`": "\\\(character)"
      case "\n", "\r", "\r\n": " "
      default: String(character)
      }
    }.joined()
  }
}
