import Foundation
import Measurement

/// Two sets of results, joined on what was asked for: problem and direction, backend, forced variant,
/// instruction set, layout, threads and cold or warm caches. What a plan chose by itself,
/// `ResultRecord.variant`, may differ.
public struct Comparison: Sendable {
  /// What makes two rows comparable.
  package struct Key: Hashable {
    let problem, direction, backend, isa, layout: String
    let forcedVariant: String?
    let threads: Int
    /// Files from before the column hold warm rows.
    let isCold: Bool

    /// The row's.
    package init(_ record: ResultRecord) {
      problem = record.problem
      direction = record.direction
      backend = record.backend
      forcedVariant = record.forcedVariant
      isa = record.isa
      layout = record.layout
      threads = record.threads
      isCold = record.cache == .cold
    }
  }

  /// A row that both sides have measured.
  public struct Row: Sendable {
    /// The older result.
    public let old: ResultRecord
    /// The newer one.
    public let new: ResultRecord
    /// New median over old median: above 1 is slower.
    public let ratio: Double
    /// From the best to the worst case of both medians' 95 % intervals; nil if either has none.
    public let interval: ClosedRange<Double>?

    /// Compares two rows; nil unless both have a median.
    init?(old: ResultRecord, new: ResultRecord) {
      guard old.status == .ok, new.status == .ok,
        let oldMedian = old.medianMS, let newMedian = new.medianMS, oldMedian > 0, newMedian > 0
      else { return nil }
      self.old = old
      self.new = new
      ratio = newMedian / oldMedian
      interval = Self.interval(old, new)
    }

    private static func interval(
      _ old: ResultRecord, _ new: ResultRecord
    ) -> ClosedRange<Double>? {
      guard let oldLow = old.ci95LowMS, let oldHigh = old.ci95HighMS, let newLow = new.ci95LowMS,
        let newHigh = new.ci95HighMS, oldLow > 0, oldHigh >= oldLow, newHigh >= newLow
      else { return nil }
      return newLow / oldHigh...newHigh / oldLow
    }

    /// Whether the plans describe themselves differently, as after a change of what chooses tiles.
    public var changesVariant: Bool { old.variant != new.variant }

    /// Whether the intervals tell the two apart.
    public var isSeparated: Bool { interval.map { !$0.contains(1) } ?? false }
  }

  /// Rows that both sides have measured, the biggest movers first; those that are not told apart come
  /// after all that are.
  public let rows: [Row]
  /// Rows that both sides have, of which at most one could be measured, and that differ in that.
  public let changedStatus: [(old: ResultRecord, new: ResultRecord)]
  /// Rows that only the old side has.
  public let onlyOld: [ResultRecord]
  /// Rows that only the new side has.
  public let onlyNew: [ResultRecord]
  /// Machines of the old side.
  public let oldMachines: [String]
  /// Machines of the new side.
  public let newMachines: [String]
  /// Rows that were left out because a later row of their side is of the same.
  public let repeated: Int

  /// Joins two sets. Of several rows of the same on one side the last counts, which is the latest of
  /// a file that was appended to.
  public init(old: [ResultRecord], new: [ResultRecord]) {
    let oldRows = Self.last(old)
    let newRows = Self.last(new)
    var rows: [Row] = []
    var changed: [(old: ResultRecord, new: ResultRecord)] = []
    let newByKey = Dictionary(uniqueKeysWithValues: newRows.map { (Key($0), $0) })
    let oldKeys = Set(oldRows.map(Key.init))
    for record in oldRows {
      guard let partner = newByKey[Key(record)] else { continue }
      if let row = Row(old: record, new: partner) {
        rows.append(row)
      } else if record.status != partner.status {
        changed.append((record, partner))
      }
    }
    self.rows = rows.sorted {
      ($0.isSeparated ? 1 : 0, abs(log($0.ratio))) > ($1.isSeparated ? 1 : 0, abs(log($1.ratio)))
    }
    changedStatus = changed
    onlyOld = oldRows.filter { newByKey[Key($0)] == nil }
    onlyNew = newRows.filter { !oldKeys.contains(Key($0)) }
    oldMachines = Set(old.map(\.run.machine)).sorted()
    newMachines = Set(new.map(\.run.machine)).sorted()
    repeated = old.count - oldRows.count + new.count - newRows.count
  }

  private static func last(_ records: [ResultRecord]) -> [ResultRecord] {
    var seen: Set<Key> = []
    return records.reversed().filter { seen.insert(Key($0)).inserted }.reversed()
  }

  /// The geometric mean of all ratios; nil without rows.
  public var geometricMean: Double? {
    rows.isEmpty ? nil : exp(rows.reduce(0) { $0 + log($1.ratio) } / Double(rows.count))
  }

  /// Whether both sides are of one and the same machine; only then does a ratio mean anything.
  public var isOfOneMachine: Bool { oldMachines.count == 1 && oldMachines == newMachines }
}
