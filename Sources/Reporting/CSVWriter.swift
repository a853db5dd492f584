import Foundation

/// Writes result rows as they arrive; the file takes its place when `finish` is called.
public final class CSVWriter: Sendable {
  private let file: OutputFile

  /// Opens `path` (`-` is standard output) and writes the header.
  ///
  /// - Parameter appends: keeps the rows of an existing file, which must have these very columns.
  /// - Throws: `OutputError` when the file cannot be written, or not be appended to.
  public init(path: String, appends: Bool = false) throws(OutputError) {
    let existing = appends && path != "-" ? try Self.existingText(path) : ""
    file = try OutputFile(path: path)
    try file.write(existing.isEmpty ? CSVText.row(ResultColumn.names) : existing)
  }

  /// Writes one row.
  public func write(_ record: ResultRecord) throws(OutputError) {
    try file.write(CSVText.row(ResultColumn.all.map { $0.cell(record) }))
  }

  /// Puts the file in its place with the rows written so far.
  public func finish() throws(OutputError) { try file.finish() }

  /// Leaves the target as it was.
  public func discard() { file.discard() }

  /// What to keep of a file: all of it, or nothing if there is none.
  private static func existingText(_ path: String) throws(OutputError) -> String {
    guard FileManager.default.fileExists(atPath: path) else { return "" }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw OutputError(path, "cannot be read, which --append needs")
    }
    let text = String(decoding: data, as: UTF8.self)
    let rows = CSVText.rows(text)
    guard let header = rows.first else { return "" }
    guard header.fields == ResultColumn.names else {
      throw OutputError(
        path, "--append needs the same columns and its header differs; write to another file")
    }
    let width = header.fields.count
    guard let last = rows.last, !last.isCutOff, last.fields.count == width else {
      throw OutputError(
        path, "its last row (line \(rows.last?.line ?? 1)) is cut off; remove it before --append")
    }
    return text.utf8.last == UInt8(ascii: "\n") ? text : text + "\n"
  }
}
