import Convolution

/// The `n"name*3"` that ends a descriptor.
enum DescriptorName {
  /// No network has a layer more often.
  static let largestMultiplicity = 1_000_000

  /// Reads what follows the `n`: a quoted name, or (as older files have it) a bare one to the end.
  static func parse(
    _ text: Substring
  ) throws(ProblemError) -> (name: String?, multiplicity: Int) {
    var name = text
    if name.first == "\"" {
      name.removeFirst()
      guard let close = name.firstIndex(of: "\"") else {
        throw ProblemError(field: "n", "the name \(excerpt(text)) has no closing quote")
      }
      let rest = name[name.index(after: close)...]
      guard rest.isEmpty else {
        throw ProblemError(
          field: "n", "\(excerpt(rest)) follows the name, which ends the problem")
      }
      name = name[..<close]
    }
    guard !name.unicodeScalars.contains(where: \.isControl) else {
      throw ProblemError(
        field: "n", "the name \(excerpt(name)) holds a control character; leave it out")
    }
    var multiplicity = 1
    if let (base, digits) = splitMultiplicity(name) {
      guard let value = Int(digits), 1...largestMultiplicity ~= value else {
        throw ProblemError(
          field: "n",
          "multiplicity \(excerpt(digits)) is not a number from 1 to \(largestMultiplicity)")
      }
      (name, multiplicity) = (base, value)
    }
    return (name.isEmpty ? nil : String(name), multiplicity)
  }

  /// The text that `parse` reads back, empty when there is nothing to say.
  static func format(_ name: String, multiplicity: Int) -> String {
    if name.isEmpty && multiplicity == 1 { return "" }
    let quotable = String(name.map { $0 == "\"" ? "'" : $0 })
    let isAmbiguous = splitMultiplicity(Substring(quotable)) != nil
    let suffix = multiplicity == 1 && !isAmbiguous ? "" : "*\(multiplicity)"
    return "n\"\(quotable)\(suffix)\""
  }

  /// `name*3` as `name` and `3`; nil when there is no such ending.
  private static func splitMultiplicity(_ name: Substring) -> (Substring, Substring)? {
    guard let star = name.lastIndex(of: "*") else { return nil }
    let digits = name[name.index(after: star)...]
    guard !digits.isEmpty, digits.allSatisfy({ "0"..."9" ~= $0 }) else { return nil }
    return (name[..<star], digits)
  }
}

/// The beginning of a text in quotes, on one line, to show in an error.
func excerpt(_ text: Substring) -> String {
  "'\(text.prefix(24).printable)\(text.dropFirst(24).isEmpty ? "" : "…")'"
}
