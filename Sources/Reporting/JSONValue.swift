import Foundation

/// A JSON value whose objects keep the order of their keys and whose numbers are always finite.
public indirect enum JSONValue: Hashable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case integer(Int)
  /// A whole number of 64 bits without sign.
  case unsigned(UInt64)
  /// A number; infinite ones and NaN are written as `null`.
  case number(Double)
  /// A text.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Members in order.
  case object([Member])
  /// Members in order, all on one line.
  case line([Member])

  /// A member of an object.
  public struct Member: Hashable, Sendable {
    /// The key.
    public let key: String
    /// The value.
    public let value: JSONValue

    /// Creates a member.
    public init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The document that `value` encodes to, its keys sorted; null if it cannot be encoded.
  public init(encoding value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinite", negativeInfinity: "infinite", nan: "unknown")
    let decoded = (try? encoder.encode(value)).flatMap {
      try? JSONDecoder().decode(JSONValue.self, from: $0)
    }
    self = decoded ?? .null
  }
}

extension JSONValue: Decodable {
  /// Reads any JSON value; the keys of objects come out sorted.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .unsigned(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      let members = try container.decode([String: JSONValue].self)
      self = .object(members.sorted { $0.key < $1.key }.map { Member($0.key, $0.value) })
    }
  }
}

extension JSONValue: CustomStringConvertible {
  /// The text with two spaces of indentation; arrays of plain values stand on one line.
  public var description: String {
    var text = ""
    write(to: &text, indentation: "")
    return text
  }

  private func write(to text: inout String, indentation: String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .unsigned(let value): text += String(value)
    case .number(let value): text += value.isFinite ? "\(value)" : "null"
    case .string(let value): text += Self.quoted(value)
    case .array(let values): Self.write(values, to: &text, indentation: indentation)
    case .object(let members): Self.write(members, to: &text, indentation: indentation)
    case .line(let members):
      let parts = members.map { Self.quoted($0.key) + ": " + $0.value.description }
      text += "{" + parts.joined(separator: ", ") + "}"
    }
  }

  private var isPlain: Bool {
    switch self {
    case .array, .object, .line: false
    default: true
    }
  }

  private static func write(_ values: [JSONValue], to text: inout String, indentation: String) {
    if values.allSatisfy(\.isPlain) {
      text += "[" + values.map(\.description).joined(separator: ", ") + "]"
      return
    }
    let inner = indentation + "  "
    text += "["
    for (index, value) in values.enumerated() {
      text += (index == 0 ? "\n" : ",\n") + inner
      value.write(to: &text, indentation: inner)
    }
    text += "\n" + indentation + "]"
  }

  private static func write(_ members: [Member], to text: inout String, indentation: String) {
    guard !members.isEmpty else {
      text += "{}"
      return
    }
    let inner = indentation + "  "
    text += "{"
    for (index, member) in members.enumerated() {
      text += (index == 0 ? "\n" : ",\n") + inner + quoted(member.key) + ": "
      member.value.write(to: &text, indentation: inner)
    }
    text += "\n" + indentation + "}"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0}"..<"\u{20}", "\u{7F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
