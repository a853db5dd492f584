import Foundation
import Measurement
import Reporting
import Testing

/// Result files that are not as this build writes them, given to the commands that read them.
@Suite struct ResultFileTests {
  private static let problem = "mb1ic84ih1oc10oh1kh1ph0"
  /// A quick case, by its problem.
  private static let quickCase = [
    "--problem", "ic84ih1oc10kh1", "--backend", "direct,reference", "--threads", "1",
  ]

  /// A file in which two backends took a millisecond each.
  private func write(
    _ name: String, in folder: Folder, machine: String? = nil,
    _ change: (String) -> String = { $0 }
  ) throws {
    let records = ["direct", "reference"].map { backend in
      var record = ResultRecord()
      record.run.machine = machine ?? MachineDescription.current().fingerprint
      (record.problem, record.backend) = (Self.problem, backend)
      (record.isa, record.layout, record.threads) = ("generic", "nchw", 1)
      record.direction = "forward"
      (record.medianMS, record.ci95LowMS, record.ci95HighMS) = (1, 0.99, 1.01)
      record.cache = .warm
      return record
    }
    let rows =
      [ResultColumn.names] + records.map { record in ResultColumn.all.map { $0.cell(record) } }
    try folder.write(name, change(rows.map(CSVText.row).joined()))
  }

  struct Damage: Sendable, CustomTestStringConvertible {
    let notice: String
    /// Backends whose rows are left.
    let rows: Int
    let change: @Sendable (String) -> String
    var testDescription: String { notice }
  }

  static let damages = [
    Damage(notice: "old.csv:3: the last row is cut off and is left out", rows: 1) {
      String($0.dropLast(60))
    },
    Damage(notice: "old.csv: written with schema 0, older than this build's 1", rows: 2) {
      $0.replacingOccurrences(of: "\n1,", with: "\n0,")
    },
    Damage(notice: "old.csv: unknown columns are ignored: extra", rows: 2) {
      $0.split(separator: "\n").enumerated().map { "\($0 == 0 ? "extra" : "9"),\($1)\n" }.joined()
    },
  ]

  @Test(arguments: damages) func compareTakesWhatCanBeReadAndSaysSo(damage: Damage) throws {
    let folder = try Folder()
    try write("old.csv", in: folder, damage.change)
    try write("new.csv", in: folder)
    let outcome = try CommandProcess.run(["compare", "old.csv", "new.csv"], in: folder)
    #expect(outcome.code == 0)
    #expect(
      outcome.errors == "conv-bench: note: \(damage.notice)\n"
        || outcome.errors == "note: \(damage.notice)\n")
    #expect(outcome.output.contains("\(damage.rows) row"), "\(outcome.output)")
  }

  @Test(arguments: damages) func aBaselineIsTakenAlike(damage: Damage) throws {
    let folder = try Folder()
    try write("old.csv", in: folder, damage.change)
    let outcome = try CommandProcess.run(
      ["gate", "--baseline", "old.csv", "--isa", "generic", "--json", "g.json"] + Self.quickCase,
      in: folder)
    #expect(outcome.code == 0, "\(outcome)")
    #expect(outcome.errors.contains("note: \(damage.notice)\n"))
    let json = try JSONSerialization.jsonObject(with: Data(folder.bytes("g.json") ?? []))
    #expect(((json as? [String: Any])?["rows"] as? [Any])?.count == damage.rows)
  }

  @Test func aBaselineOfAnotherMachineIsRefusedBeforeAnythingIsMeasured() throws {
    let folder = try Folder()
    try write("old.csv", in: folder, machine: "elsewhere")
    let outcome = try CommandProcess.run(
      ["gate", "--baseline", "old.csv", "--isa", "generic", "--json", "g.json"] + Self.quickCase,
      in: folder)
    #expect(outcome.code == 3)
    #expect(outcome.errors.contains("elsewhere"), "\(outcome.errors)")
    #expect(folder.text("g.json")?.contains(#""exit_code": 3"#) == true)
  }

  @Test func comparingWithAnotherMachineWarnsAndIsStrictWhenAsked() throws {
    let folder = try Folder()
    try write("old.csv", in: folder, machine: "elsewhere")
    try write("new.csv", in: folder)
    for (flags, code) in [([], 0), (["--strict"], 3)] as [([String], Int32)] {
      let outcome = try CommandProcess.run(["compare", "old.csv", "new.csv"] + flags, in: folder)
      #expect(outcome.code == code)
      #expect(
        outcome.errors.contains("the comparison does not hold, machines differ: old elsewhere"))
    }
  }

  @Test(arguments: [
    ("", "old.csv: is empty"), ("{}", "old.csv:1: no column 'schema'"),
    ("schema,problem,backend,isa,threads,status\n1,p,b,i,two,ok\n", "old.csv:2: threads: 'two'"),
  ])
  func whatIsNoResultFileEndsWithOneLine(text: String, message: String) throws {
    let folder = try Folder()
    try folder.write("old.csv", text)
    try write("new.csv", in: folder)
    for arguments in [
      ["compare", "old.csv", "new.csv"], ["compare", "new.csv", "old.csv"],
      ["gate", "--baseline", "old.csv"] + Self.quickCase,
    ] {
      let outcome = try CommandProcess.run(arguments, in: folder)
      #expect(outcome.code == 2)
      #expect(
        outcome.errorLines.count == 1 && outcome.errors.contains(message), "\(outcome.errors)")
    }
  }
}
