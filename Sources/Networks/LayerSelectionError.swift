/// A name that no network or layer has.
public struct LayerSelectionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was looked for: `layer` or `network`.
  public let kind: String
  /// The name as given.
  public let name: String
  /// The nearest names there are, nearest first; empty when none is near.
  public let nearest: [String]

  /// Creates an error about an unknown name.
  public init(kind: String, name: String, nearest: [String]) {
    self.kind = kind
    self.name = name
    self.nearest = nearest
  }

  /// One line: the name, the nearest ones, and what lists them all.
  public var description: String {
    let suggestion = nearest.isEmpty ? "" : "did you mean \(alternatives)? "
    return "unknown \(kind) '\(name)'; \(suggestion)conv-bench list \(kind)s shows them all"
  }

  private var alternatives: String {
    guard let last = nearest.last, nearest.count > 1 else { return nearest.first ?? "" }
    return nearest.dropLast().joined(separator: ", ") + " or " + last
  }
}
