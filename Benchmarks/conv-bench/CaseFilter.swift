/// A regular expression that selects cases by their labels.
struct CaseFilter {
  /// As given.
  let pattern: String
  private let expression: Regex<AnyRegexOutput>

  /// Compiles the pattern; nil if it is no regular expression.
  init?(_ pattern: String) {
    guard let expression = try? Regex(pattern) else { return nil }
    self.pattern = pattern
    self.expression = expression
  }

  /// Whether the pattern matches anywhere in the label.
  func matches(_ label: String) -> Bool {
    (try? expression.firstMatch(in: label)) != nil
  }
}
