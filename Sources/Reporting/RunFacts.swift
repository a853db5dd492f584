import Foundation

/// What all rows of one run share.
public struct RunFacts: Hashable, Sendable {
  /// Tells runs apart: the time of the start and a random part.
  public var runID: String
  /// When the run started, ISO 8601 in UTC.
  public var timestamp: String
  /// The commit that the executable was built from, `-dirty` after it if the tree had changes; empty
  /// if unknown.
  public var commit: String
  /// The machine's fingerprint.
  public var machine: String

  /// Creates facts.
  public init(runID: String, timestamp: String, commit: String, machine: String) {
    self.runID = runID
    self.timestamp = timestamp
    self.commit = commit
    self.machine = machine
  }

  /// The facts of a run that starts at `date`; `commit` without `isDirty` is a clean tree's.
  public init(
    date: Date, commit: String?, isDirty: Bool, machine: String,
    random: UInt32 = .random(in: 0...UInt32.max)
  ) {
    let timestamp = date.formatted(.iso8601)
    let suffix = String(random, radix: 16)
    let compact = timestamp.filter { $0 != "-" && $0 != ":" }
    self.init(
      runID: compact + "-" + String(repeating: "0", count: 8 - suffix.count) + suffix,
      timestamp: timestamp, commit: commit.map { $0 + (isDirty ? "-dirty" : "") } ?? "",
      machine: machine)
  }
}
