/// RFC 4180: rows of fields, separated by commas, quoted where needed.
public enum CSVText {
  /// One row with its line break.
  public static func row(_ fields: [String]) -> String {
    fields.map(field).joined(separator: ",") + "\n"
  }

  private static func field(_ text: String) -> String {
    let needsQuotes = text.unicodeScalars.contains {
      $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r"
    }
    guard needsQuotes else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }

  /// A row as read.
  public struct Row: Hashable, Sendable {
    /// The line on which it starts, counted from 1.
    public let line: Int
    /// The fields without their quotes.
    public var fields: [String]
    /// Whether the text ends within a quoted field of this row.
    public let isCutOff: Bool
  }

  /// Splits a text into rows. Line breaks may be CR LF, LF or CR; empty lines are left out. A quote
  /// within an unquoted field stands for itself.
  public static func rows(_ text: String) -> [Row] {
    var parser = Parser()
    for byte in text.utf8 { parser.take(byte) }
    return parser.finish()
  }

  private struct Parser {
    private var rows: [Row] = []
    private var fields: [String] = []
    private var field: [UInt8] = []
    private var line = 1
    private var rowLine = 1
    private var isQuoted = false
    private var isAfterQuote = false
    private var isAfterReturn = false
    private var isFieldStarted = false

    private static let (quote, comma) = (UInt8(ascii: "\""), UInt8(ascii: ","))
    private static let (newline, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))

    mutating func take(_ byte: UInt8) {
      let isSecondOfBreak = byte == Self.newline && isAfterReturn
      isAfterReturn = byte == Self.carriageReturn
      if byte == Self.newline && !isSecondOfBreak || byte == Self.carriageReturn { line += 1 }
      if isQuoted && !isAfterQuote {
        if byte == Self.quote { isAfterQuote = true } else { field.append(byte) }
        return
      }
      switch byte {
      case Self.quote where isAfterQuote:
        field.append(byte)
        isAfterQuote = false
      case Self.quote where !isFieldStarted:
        (isQuoted, isFieldStarted) = (true, true)
      case Self.comma: endField()
      case Self.newline, Self.carriageReturn:
        if !isSecondOfBreak { endRow() }
        rowLine = line
      default:
        (isQuoted, isAfterQuote, isFieldStarted) = (false, false, true)
        field.append(byte)
      }
    }

    mutating func finish() -> [Row] {
      let isCutOff = isQuoted && !isAfterQuote
      endRow(isCutOff: isCutOff)
      return rows
    }

    private mutating func endField() {
      fields.append(String(decoding: field, as: UTF8.self))
      field.removeAll(keepingCapacity: true)
      (isQuoted, isAfterQuote, isFieldStarted) = (false, false, false)
    }

    private mutating func endRow(isCutOff: Bool = false) {
      guard !fields.isEmpty || isFieldStarted else { return }
      endField()
      rows.append(Row(line: rowLine, fields: fields, isCutOff: isCutOff))
      fields = []
    }
  }
}
