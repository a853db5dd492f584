/// What the signs in tables of results mean; only those that occur.
enum Legend {
  /// A sentence for each sign that a table of `sections` uses, besides the one of the fastest.
  static func notes(_ sections: [LayerSection]) -> [String] {
    signs.filter { sign in sections.contains { $0.timed.contains(where: sign.occurs($0)) } }
      .map(\.note)
  }

  /// Whether a row's time is marked: its uncertainty, as it is shown, exceeds 5 %.
  static func isUnsteady(_ record: ResultRecord) -> Bool {
    record.uncertainty.map { ($0 * 100).rounded() > 5 } ?? false
  }

  /// Whether a row's direct-equivalent rate is above what the machine can do.
  static func exceedsPeak(_ record: ResultRecord) -> Bool {
    guard let gflops = record.gflops, let peak = record.peakGFLOPS else { return false }
    return gflops > peak
  }

  private static let signs:
    [(note: String, occurs: @Sendable (LayerSection) -> (ResultRecord) -> Bool)] = [
      (
        "≈ tied with the fastest: 95 % intervals overlap",
        { section in { section.tiesWithFastest($0) } }
      ),
      (
        "± above 5 %: unsteady, measure longer (--min-time) or stop other programs",
        { _ in isUnsteady }
      ),
      (
        "* direct-equivalent rate above the machine's peak: fewer operations are done",
        { _ in exceedsPeak }
      ),
    ]
}
