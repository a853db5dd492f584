import Measurement

/// The results that may be compared with each other: one layer under equal conditions.
struct LayerSection {
  /// What the rows share.
  struct Conditions: Hashable {
    let name, problem, direction, isa, layout: String
    let threads: Int

    init(_ record: ResultRecord) {
      name = record.fullName
      problem = record.problem
      direction = record.direction
      isa = record.isa
      layout = record.layout
      threads = record.threads
    }
  }

  let conditions: Conditions
  let records: [ResultRecord]

  /// One section for each set of conditions, in the order in which they first appear.
  static func sections(_ records: [ResultRecord]) -> [LayerSection] {
    var order: [Conditions] = []
    var groups: [Conditions: [ResultRecord]] = [:]
    for record in records {
      let conditions = Conditions(record)
      if groups[conditions] == nil { order.append(conditions) }
      groups[conditions, default: []].append(record)
    }
    return order.map { LayerSection(conditions: $0, records: groups[$0]!) }
  }

  /// Rows with a time, fastest first.
  var timed: [ResultRecord] {
    records.filter { $0.status == .ok && $0.medianMS != nil }.sorted { $0.medianMS! < $1.medianMS! }
  }

  /// Rows that were checked without being timed.
  var checked: [ResultRecord] { records.filter { $0.status == .ok && $0.medianMS == nil } }

  /// Rows that went wrong or failed.
  var failed: [ResultRecord] { records.filter { $0.status == .wrong || $0.status == .failed } }

  /// Rows that were declined.
  var declined: [ResultRecord] { records.filter { $0.status == .unsupported } }

  /// Whether `record` is tied with the fastest row: their intervals overlap.
  func tiesWithFastest(_ record: ResultRecord) -> Bool {
    guard let fastest = timed.first, fastest != record else { return false }
    return Self.tie(fastest, record)
  }

  /// Whether both rows have an interval and the two overlap.
  private static func tie(_ one: ResultRecord, _ other: ResultRecord) -> Bool {
    guard let oneLow = one.ci95LowMS, let oneHigh = one.ci95HighMS,
      let otherLow = other.ci95LowMS, let otherHigh = other.ci95HighMS
    else { return false }
    return oneLow <= otherHigh && otherLow <= oneHigh
  }

  /// What others are compared with: im2col, the customary way, or else the fastest.
  var baseline: ResultRecord? {
    let timed = timed
    guard timed.count > 1 else { return nil }
    return timed.first { $0.backend == "im2col" } ?? timed.first
  }

  /// `2.31× faster`, `1.20× slower` than the baseline, or `tied` with it when their intervals overlap;
  /// empty for the baseline itself.
  func comparison(_ record: ResultRecord) -> String {
    guard let baseline, record != baseline, let time = record.medianMS,
      let reference = baseline.medianMS
    else { return "" }
    if Self.tie(baseline, record) { return "tied" }
    return time <= reference
      ? "\(Quantity.ratio(reference / time)) faster" : "\(Quantity.ratio(time / reference)) slower"
  }

  /// `2 threads · avx512 · nchw`.
  var conditionsText: String {
    let threads = "\(conditions.threads) thread\(conditions.threads == 1 ? "" : "s")"
    var parts = [threads, conditions.isa, conditions.layout]
    if conditions.direction != "forward" { parts.append(conditions.direction) }
    return parts.joined(separator: " · ")
  }
}
