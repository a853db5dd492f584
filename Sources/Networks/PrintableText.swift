extension StringProtocol {
  /// The text with control characters escaped, as `\\x1b`: names from files cannot move a terminal's
  /// cursor, change its colours or break a line.
  package var printable: String {
    guard unicodeScalars.contains(where: \.isControl) else { return String(self) }
    return unicodeScalars.reduce(into: "") { text, scalar in
      guard scalar.isControl else { return text.unicodeScalars.append(scalar) }
      let digits = String(scalar.value, radix: 16)
      text +=
        scalar.value < 0x100 ? "\\x" + (digits.count < 2 ? "0" : "") + digits : "\\u{\(digits)}"
    }
  }
}

extension Unicode.Scalar {
  /// Whether a terminal obeys it, or breaks the line, rather than showing it.
  package var isControl: Bool {
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    // These turn the direction of the text around them.
    case .format: (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
    default: false
    }
  }
}
