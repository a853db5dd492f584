import Foundation
import Reporting
import Testing

@Suite struct ResultsFormatTests {
  private static let document = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("docs/results-format.md")

  /// The table of docs/results-format.md is the code's own; the message has the right one.
  @Test func documentHasEveryColumnInOrder() throws {
    let table = ResultColumn.all.map { column in
      "| `\(column.name)` | \(column.unit) | \(column.meaning.replacing("|", with: "\\|")) |"
    }
    let written = try String(contentsOf: Self.document, encoding: .utf8)
      .split(separator: "\n").map(String.init).filter { $0.hasPrefix("| `") }
    #expect(
      Array(written.prefix(table.count)) == table,
      "docs/results-format.md should have\n\(table.joined(separator: "\n"))")
  }
}
