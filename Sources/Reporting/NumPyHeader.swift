import Networks

/// The Python dictionary in front of an array's data: `{'descr': '<f4', …, 'shape': (3, 4), }`.
struct NumPyHeader {
  var descr = ""
  var isFortranOrder = false
  var shape: [Int] = []

  /// Parses the text; `NumPyError` says what is wrong with it.
  init(_ bytes: ArraySlice<UInt8>) throws(NumPyError) {
    var scanner = Scanner(rest: bytes)
    try scanner.require("{")
    var seen: Set<String> = []
    while !scanner.take("}") {
      let key = try scanner.string()
      try scanner.require(":")
      guard seen.insert(key).inserted else { throw .header("'\(excerpt(key))' is given twice") }
      switch key {
      case "descr": descr = try scanner.descr()
      case "fortran_order": isFortranOrder = try scanner.boolean()
      case "shape": shape = try scanner.shape()
      default: throw .header("unknown key '\(excerpt(key))'")
      }
      if !scanner.take(",") {
        try scanner.require("}")
        break
      }
    }
    for key in ["descr", "fortran_order", "shape"] where !seen.contains(key) {
      throw .header("'\(key)' is missing")
    }
    guard scanner.isAtEnd else { throw .header("text follows the dictionary") }
  }

  /// The beginning of a key, printable.
  private func excerpt(_ key: String) -> String {
    key.prefix(24).printable + (key.count > 24 ? "…" : "")
  }

  private struct Scanner {
    var rest: ArraySlice<UInt8>

    private mutating func skipBlanks() {
      while let byte = rest.first, byte == 0x20 || (0x09...0x0D).contains(byte) {
        rest.removeFirst()
      }
    }

    var isAtEnd: Bool {
      mutating get {
        skipBlanks()
        return rest.isEmpty
      }
    }

    mutating func take(_ text: StaticString) -> Bool {
      skipBlanks()
      let wanted = text.withUTF8Buffer { Array($0) }
      guard rest.starts(with: wanted) else { return false }
      rest.removeFirst(wanted.count)
      return true
    }

    mutating func require(_ text: StaticString) throws(NumPyError) {
      guard take(text) else { throw .header("expected \(text) before '\(excerpt)'") }
    }

    /// What comes next, printable.
    private var excerpt: String {
      let shown = rest.prefix(16).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
      return String(decoding: shown, as: UTF8.self)
    }

    mutating func string() throws(NumPyError) -> String {
      skipBlanks()
      guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
        throw .header("expected a string before '\(excerpt)'")
      }
      rest.removeFirst()
      guard let end = rest.firstIndex(of: quote) else { throw .header("a string has no end") }
      let bytes = rest[..<end]
      rest = rest[(end + 1)...]
      return String(decoding: bytes, as: UTF8.self)
    }

    mutating func descr() throws(NumPyError) -> String {
      guard !take("[") else { throw .type("a structured type") }
      return try string()
    }

    mutating func boolean() throws(NumPyError) -> Bool {
      if take("True") { return true }
      if take("False") { return false }
      throw .header("'fortran_order' is neither True nor False")
    }

    mutating func shape() throws(NumPyError) -> [Int] {
      try require("(")
      var sizes: [Int] = []
      while !take(")") {
        sizes.append(try size())
        if !take(",") {
          try require(")")
          break
        }
      }
      return sizes
    }

    private mutating func size() throws(NumPyError) -> Int {
      skipBlanks()
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      rest = rest.dropFirst(digits.count)
      guard let value = Int(String(decoding: digits, as: UTF8.self)) else {
        throw .header("'shape' has no whole numbers from 0 up")
      }
      // Python 2 wrote long integers with a suffix.
      _ = take("L")
      return value
    }
  }
}
