import Foundation

/// The rows of a result file and what was odd about it.
public struct ResultFile: Sendable {
  /// The rows in the file's order.
  public var records: [ResultRecord]
  /// One line each about what was ignored or is missing.
  public var notices: [String]
}

/// A file that holds no results.
public struct ResultFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file's name as given.
  public let file: String
  /// The line at fault, counted from 1; nil when it is the whole file.
  public let line: Int?
  /// What is wrong.
  public let reason: String

  /// `file:line: reason`.
  public var description: String { "\(file):\(line.map { "\($0):" } ?? "") \(reason)" }
}

/// Reads result files, also older and newer ones.
public enum CSVReader {
  /// Without these columns it is some other file.
  private static let essential = ["schema", "problem", "backend", "isa", "threads", "status"]

  /// Reads the file at `path`.
  ///
  /// - Throws: `ResultFileError` when it cannot be read or holds no results.
  public static func read(path: String) throws(ResultFileError) -> ResultFile {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      var info = stat()
      let reason =
        stat(path, &info) != 0
        ? String(cString: strerror(errno))
        : info.st_mode & S_IFMT == S_IFDIR ? "is a directory" : "cannot be read"
      throw ResultFileError(file: path, line: nil, reason: reason)
    }
    return try parse(String(decoding: data, as: UTF8.self), file: path)
  }

  /// Reads a whole file's text; `file` is its name, for errors and notices.
  ///
  /// Columns may be in any order. Unknown ones are ignored and missing ones left empty, both with a
  /// notice; a last row that was cut off is left out with a notice. Totals of networks are left out: they
  /// are no results of their own.
  public static func parse(
    _ text: String, file: String
  ) throws(ResultFileError) -> ResultFile {
    let body =
      text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    var rows = CSVText.rows(body)
    guard !rows.isEmpty else {
      throw ResultFileError(file: file, line: nil, reason: "is empty; expected conv-bench results")
    }
    let header = rows.removeFirst().fields
    if let missing = essential.first(where: { !header.contains($0) }) {
      throw ResultFileError(
        file: file, line: 1, reason: "no column '\(missing)'; not a conv-bench result file")
    }
    var result = ResultFile(records: [], notices: headerNotices(header, file: file))
    if let last = rows.last, isCutOff(last, header: header, text: body) {
      result.notices.append("\(file):\(last.line): the last row is cut off and is left out")
      rows.removeLast()
    }
    for row in rows {
      let record = try record(row, header: header, file: file)
      if !record.isTotal { result.records.append(record) }
    }
    if !header.contains("forced_variant") {
      result.records = ForcedVariants.inferred(result.records)
    }
    result.notices += schemaNotices(result.records, file: file)
    return result
  }

  private static func isCutOff(_ row: CSVText.Row, header: [String], text: String) -> Bool {
    let endsLine = text.utf8.last == UInt8(ascii: "\n") || text.utf8.last == UInt8(ascii: "\r")
    guard !endsLine, !row.isCutOff else { return row.isCutOff }
    // It may also break off within its last field.
    var unused = ResultRecord()
    let isLastRead = columns[header.last ?? ""]?.read(&unused, row.fields.last ?? "") ?? true
    return row.fields.count < header.count || !isLastRead
  }

  private static func headerNotices(_ header: [String], file: String) -> [String] {
    let unknown = header.filter { !ResultColumn.names.contains($0) }
    let missing = ResultColumn.names.filter { !header.contains($0) }
    return [("unknown columns are ignored", unknown), ("missing columns are empty", missing)]
      .filter { !$0.1.isEmpty }
      .map { "\(file): \($0.0): \($0.1.joined(separator: ", "))" }
  }

  private static func schemaNotices(_ records: [ResultRecord], file: String) -> [String] {
    Set(records.map(\.schema)).subtracting([ResultRecord.currentSchema]).sorted().map {
      "\(file): written with schema \($0), "
        + ($0 < ResultRecord.currentSchema ? "older" : "newer")
        + " than this build's \(ResultRecord.currentSchema)"
    }
  }

  private static func record(
    _ row: CSVText.Row, header: [String], file: String
  ) throws(ResultFileError) -> ResultRecord {
    guard row.fields.count == header.count else {
      throw ResultFileError(
        file: file, line: row.line,
        reason: "has \(row.fields.count) fields, the header has \(header.count)")
    }
    var record = ResultRecord()
    for (name, text) in zip(header, row.fields) {
      guard let column = columns[name] else { continue }
      guard column.read(&record, text) else {
        throw ResultFileError(
          file: file, line: row.line, reason: "\(name): '\(text.prefix(40))' is not a value of it")
      }
    }
    return record
  }

  private static let columns = Dictionary(
    uniqueKeysWithValues: ResultColumn.all.map { ($0.name, $0) })
}
