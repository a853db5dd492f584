extension Quantity {
  /// How long ago something was: `12 seconds ago`, `3 hours ago`.
  ///
  /// - Parameter seconds: ≥ 0.
  public static func age(_ seconds: Double) -> String {
    let units = [(86400.0, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
    guard let (length, name) = units.first(where: { seconds >= $0.0 }) else { return "now" }
    let count = Int(seconds / length)
    return "\(count) \(name)\(count == 1 ? "" : "s") ago"
  }
}
