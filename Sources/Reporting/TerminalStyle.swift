/// When text is coloured.
public enum ColorChoice: String, CaseIterable, Sendable {
  /// On a terminal that shows colours, unless `NO_COLOR` is set.
  case auto
  /// Always.
  case always
  /// Never.
  case never
}

/// Colours text for a terminal, or leaves it plain.
public struct TerminalStyle: Hashable, Sendable {
  /// What a piece of text is.
  public enum Role: Sendable {
    /// A heading.
    case heading
    /// The fastest.
    case best
    /// Beside the point.
    case faint
    /// Something to look at.
    case warning
    /// Something wrong.
    case error

    fileprivate var code: String {
      switch self {
      case .heading: "1"
      case .best: "1;32"
      case .faint: "2"
      case .warning: "33"
      case .error: "1;31"
      }
    }
  }

  /// Whether escape codes are written.
  public let isColored: Bool

  /// Creates a style.
  public init(isColored: Bool) { self.isColored = isColored }

  /// Plain text.
  public static let plain = TerminalStyle(isColored: false)

  /// The style that a choice leads to, for a stream that is a terminal or not.
  ///
  /// See no-color.org: any value of `NO_COLOR` that is not empty counts.
  public init(_ choice: ColorChoice, isTerminal: Bool, environment: [String: String]) {
    isColored =
      switch choice {
      case .always: true
      case .never: false
      case .auto:
        isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
      }
  }

  /// `text` in the colour of its role.
  public func callAsFunction(_ role: Role?, _ text: String) -> String {
    guard isColored, let role, !text.isEmpty else { return text }
    return "\u{1B}[\(role.code)m\(text)\u{1B}[0m"
  }
}
