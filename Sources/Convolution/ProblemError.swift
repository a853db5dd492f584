/// A problem that contradicts itself or cannot exist, told by the field that is at fault.
public struct ProblemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The symbol of the field at fault (`oh`, `kw`, `g`, …).
  public let field: String
  /// What is wrong, with the values, and what would be right.
  public let message: String

  /// Creates an error about `field`.
  public init(field: String, _ message: String) {
    self.field = field
    self.message = message
  }

  /// The field and what is wrong with it, on one line.
  public var description: String { "\(field): \(message)" }
}
