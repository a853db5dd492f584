import Foundation
import Measurement
import Testing

@testable import Reporting

@Suite struct ComparisonTests {
  private func record(
    _ layer: String, _ median: Double?, within: Double = 0.01, machine: String = "cpu",
    adjust: (inout ResultRecord) -> Void = { _ in }
  ) -> ResultRecord {
    var record = ResultRecord()
    record.run.machine = machine
    (record.network, record.layer, record.problem) = ("net", layer, "problem-of-\(layer)")
    (record.backend, record.isa, record.layout) = ("direct", "avx2", "nchw")
    record.medianMS = median
    record.ci95LowMS = median.map { $0 * (1 - within) }
    record.ci95HighMS = median.map { $0 * (1 + within) }
    adjust(&record)
    return record
  }

  private func text(_ comparison: Comparison) -> String {
    ComparisonTable(width: 200, style: .plain).text(comparison)
  }

  @Test func ratiosWithTheirIntervals() throws {
    let comparison = Comparison(old: [record("a", 2)], new: [record("a", 3)])
    let row = try #require(comparison.rows.first)
    #expect(row.ratio == 1.5)
    let interval = try #require(row.interval)
    #expect(abs(interval.lowerBound - 2.97 / 2.02) < 1e-12)
    #expect(abs(interval.upperBound - 3.03 / 1.98) < 1e-12)
    #expect(row.isSeparated)
    #expect(text(comparison).contains("slower"))
  }

  @Test func coldTimesAreNotComparedWithWarmOnes() {
    let (old, warm) = (record("a", 1), record("a", 2) { $0.cache = .warm })
    let cold = record("a", 9) { $0.cache = .cold }
    let comparison = Comparison(old: [old], new: [warm, cold])
    #expect(comparison.rows.map(\.ratio) == [2], "files from before the column are warm")
    #expect(comparison.onlyNew == [cold] && comparison.repeated == 0)
  }

  @Test func whatTheIntervalsDoNotTellApartIsMarked() {
    let comparison = Comparison(old: [record("a", 1)], new: [record("a", 1.015)])
    #expect(!comparison.rows[0].isSeparated)
    #expect(text(comparison).contains(" ~\n"))
    // Three samples have no interval, and tell nothing apart.
    let few = Comparison(
      old: [record("a", 1)], new: [record("a", 9) { ($0.ci95LowMS, $0.ci95HighMS) = (nil, nil) }])
    #expect(few.rows[0].interval == nil && !few.rows[0].isSeparated)
  }

  @Test func biggestMoversComeFirst() {
    let old = ["a", "b", "c", "d"].map { record($0, 1) }
    let new = [
      record("a", 1.1), record("b", 0.5), record("c", 1.6, within: 0.7), record("d", 1.3),
    ]
    let comparison = Comparison(old: old, new: new)
    #expect(comparison.rows.map(\.new.layer) == ["b", "d", "a", "c"])
    let expected = pow(1.1 * 0.5 * 1.6 * 1.3, 0.25)
    #expect(abs(comparison.geometricMean! - expected) < 1e-12)
    #expect(text(comparison).contains("2 slower, 1 faster, 1 not told apart"))
  }

  /// Each column of the key keeps rows apart.
  @Test(
    arguments: [
      { $0.problem = "x" }, { $0.direction = "forward+bias" }, { $0.backend = "x" },
      { $0.forcedVariant = "x" }, { $0.isa = "x" }, { $0.layout = "native" }, { $0.threads = 7 },
    ] as [@Sendable (inout ResultRecord) -> Void])
  func rowsJoinOnWhatWasRun(change: @Sendable (inout ResultRecord) -> Void) {
    let comparison = Comparison(old: [record("a", 1)], new: [record("a", 1, adjust: change)])
    #expect(comparison.rows.isEmpty)
    #expect(comparison.onlyOld.count == 1 && comparison.onlyNew.count == 1)
    #expect(text(comparison).contains("only in the old file: 1"))
  }

  /// Another tile is no other backend: the row is compared, and told.
  @Test func whatAPlanChoseMayChange() {
    func record(_ median: Double, _ variant: String) -> ResultRecord {
      self.record("a", median) { $0.variant = variant }
    }
    let comparison = Comparison(old: [record(1, "14x2 bands")], new: [record(2, "13x2 columns")])
    #expect(comparison.rows.map(\.ratio) == [2] && comparison.rows[0].changesVariant)
    #expect(
      text(comparison).contains(
        "the backend chose otherwise in the new file: 1\n"
          + "  net-a/direct/avx2/nchw/1t: 14x2 bands → 13x2 columns\n"))
    let same = Comparison(old: [record(1, "14x2 bands")], new: [record(2, "14x2 bands")])
    #expect(!same.rows[0].changesVariant && !text(same).contains("chose otherwise"))
  }

  @Test func forcedVariantsAreNamed() {
    let forced = record("a", 1) { ($0.backend, $0.forcedVariant) = ("winograd", "f4") }
    #expect(text(Comparison(old: [forced], new: [])).contains("net-a/winograd-f4/avx2"))
  }

  @Test func rowsThatAreNotMeasured() {
    let failed = record("a", nil) { ($0.status, $0.reason) = (.failed, "no memory") }
    let declined = record("b", nil) { $0.status = .unsupported }
    let comparison = Comparison(
      old: [record("a", 1), declined], new: [failed, declined])
    #expect(comparison.rows.isEmpty && comparison.geometricMean == nil)
    #expect(comparison.changedStatus.count == 1)
    #expect(text(comparison).contains("was ok, is failed: no memory"))
  }

  @Test func theLastOfRepeatedRowsCounts() {
    let comparison = Comparison(
      old: [record("a", 1), record("a", 2)], new: [record("a", 2)])
    #expect(comparison.rows.map(\.ratio) == [1])
    #expect(comparison.repeated == 1)
  }

  @Test func machinesAreTold() {
    let here = record("a", 1)
    #expect(Comparison(old: [here], new: [here]).isOfOneMachine)
    let there = record("a", 1, machine: "other")
    #expect(!Comparison(old: [there], new: [here]).isOfOneMachine)
    #expect(!Comparison(old: [here, there], new: [here, there]).isOfOneMachine)
    #expect(!Comparison(old: [], new: []).isOfOneMachine)
  }

  /// What a file may be like: cut off in the midst of a row, of an older schema, with columns from the
  /// future. The reader tells; what is left is compared.
  @Test func oddFiles() throws {
    let full = ResultColumn.all.map { $0.cell(record("a", 1)) }
    let header = CSVText.row(ResultColumn.names)
    let cut = try CSVReader.parse(header + CSVText.row(full) + "1,run", file: "cut.csv")
    #expect(cut.notices.contains { $0.contains("cut off") })

    var old = record("a", 2)
    old.schema = 0
    let columns = ResultColumn.all.filter { !["seed", "bound"].contains($0.name) }
    let older = try CSVReader.parse(
      CSVText.row(columns.map(\.name)) + CSVText.row(columns.map { $0.cell(old) }),
      file: "older.csv")
    #expect(older.notices.contains { $0.contains("schema 0, older") })
    #expect(older.notices.contains { $0.contains("missing columns are empty: bound, seed") })

    let newer = try CSVReader.parse(
      CSVText.row(ResultColumn.names + ["joules"]) + CSVText.row(full + ["7"]), file: "newer.csv")
    #expect(newer.notices.contains { $0.contains("joules") })

    for file in [cut, newer] {
      #expect(Comparison(old: older.records, new: file.records).rows.map(\.ratio) == [0.5])
    }
  }
}
