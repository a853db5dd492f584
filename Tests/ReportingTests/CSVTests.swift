import Foundation
import Measurement
import Networks
import Testing

@testable import Reporting

@Suite struct CSVTests {
  private func text(_ records: [ResultRecord]) -> String {
    CSVText.row(ResultColumn.names)
      + records.map { record in CSVText.row(ResultColumn.all.map { $0.cell(record) }) }.joined()
  }

  @Test(arguments: [
    (["a", "b"], "a,b\n"), (["a,b", "c"], "\"a,b\",c\n"), (["say \"x\""], "\"say \"\"x\"\"\"\n"),
    (["two\nlines", ""], "\"two\nlines\",\n"), (["cr\r"], "\"cr\r\"\n"),
  ])
  func fieldsAreQuotedWhereNeeded(fields: [String], row: String) {
    #expect(CSVText.row(fields) == row)
    #expect(CSVText.rows(row).map(\.fields) == [fields])
  }

  @Test func lineBreaksOfAnyKindEndRows() {
    let rows = CSVText.rows("a,b\r\nc,\"d\r\ne\"\r\n\r\nf,\n")
    #expect(rows.map(\.fields) == [["a", "b"], ["c", "d\r\ne"], ["f", ""]])
    #expect(rows.map(\.line) == [1, 2, 5])
  }

  @Test func recordsComeBackAsTheyWere() throws {
    var record = Samples.record("winograd", 2, variant: "f4, \"fused\"\n12", width: 0.25)
    record.reason = "a, b"
    record.bound = .dram
    record.seed = .max
    record.relL2Error = 1e-7
    record.forcedVariant = "f4"
    record.cache = .cold
    let file = try CSVReader.parse(
      text([record, Samples.record("fft", nil, status: .unsupported)]), file: "x.csv")
    #expect(file.notices.isEmpty)
    #expect(file.records == [record, Samples.record("fft", nil, status: .unsupported)])
  }

  /// All 11 layers of VGG-11, of which `direct` is twice as fast as `fft` with odd ones.
  private func wholeNetwork() throws -> [ResultRecord] {
    try LayerCatalog.builtIn.select(["vgg11"]).enumerated().flatMap { i, layer in
      [("direct", 1.0), ("fft", i % 2 == 0 ? 2.0 : 0.5)].map { backend, median in
        Samples.record(
          backend, median, network: layer.network, layer: layer.name,
          problem: ProblemDescriptor.format(layer.problem), multiplicity: layer.multiplicity)
      }
    }
  }

  @Test func aWholeNetworkHasTotals() throws {
    let records = try wholeNetwork()
    let layers = try LayerCatalog.builtIn.network(named: "vgg11").layers
    let count = layers.reduce(0) { $0 + $1.multiplicity }
    let totals = ResultRecord.totals(records)
    #expect(totals.map(\.backend) == ["direct", "fft", "fastest per layer"])
    #expect(totals.allSatisfy { $0.isTotal && $0.network == "vgg11" && $0.multiplicity == count })
    for (total, sum) in zip(
      totals,
      [
        Double(count),
        records.filter { $0.backend == "fft" }.reduce(0) {
          $0 + $1.medianMS! * Double($1.multiplicity)
        },
        records.filter { $0.backend == "fft" }.reduce(0) {
          $0 + min($1.medianMS!, 1) * Double($1.multiplicity)
        },
      ])
    {
      #expect(abs(total.medianMS! - sum) < 1e-9 && total.gflop == Double(count))
      #expect(abs(total.gflops! - Double(count) / sum * 1e3) < 1e-6)
    }
    #expect(ResultRecord.totals(Array(records.dropLast(2))).isEmpty, "a layer is not there")
    #expect(
      ResultRecord.totals(
        records.map {
          var record = $0
          record.network = ""
          return record
        }
      ).isEmpty)
  }

  @Test func aBackendThatLacksLayersHasNoTotalTime() throws {
    var records = try wholeNetwork()
    (records[1].status, records[1].medianMS) = (.unsupported, nil)
    let totals = ResultRecord.totals(records)
    #expect(totals.map(\.status) == [.ok, .unsupported, .ok])
    try #require(totals.count == 3)
    #expect(totals[1].medianMS == nil && totals[1].reason == "without \(records[1].layer)")
    #expect(totals[1].multiplicity == totals[0].multiplicity - 1)
    records[1].status = .wrong
    #expect(ResultRecord.totals(records)[1].status == .wrong)
  }

  @Test func totalsAreNotReadAsResults() throws {
    let records = try wholeNetwork()
    let file = try CSVReader.parse(text(records + ResultRecord.totals(records)), file: "x.csv")
    #expect(file.records == records && file.notices.isEmpty)
  }

  /// Such a file does not say what was asked for, but two rows of a backend were two variants.
  @Test func forcedVariantsOfOlderFilesAreInferred() throws {
    let columns = ResultColumn.all.filter { $0.name != "forced_variant" }
    func older(_ records: [ResultRecord]) throws -> [ResultRecord] {
      let rows = [columns.map(\.name)] + records.map { record in columns.map { $0.cell(record) } }
      return try CSVReader.parse(rows.map(CSVText.row).joined(), file: "x.csv").records
    }
    let (f2, f4) = (
      Samples.record("winograd", 2, variant: "f2 fused 12"),
      Samples.record("winograd", 1, variant: "f4 staged 9")
    )
    var otherRun = f2
    otherRun.run.runID = "another"
    #expect(try older([f2, f4, otherRun]).map(\.forcedVariant) == ["f2", "f4", nil])
    #expect(try CSVReader.parse(text([f2, f4]), file: "x.csv").records == [f2, f4])
  }

  @Test func carriageReturnsAndByteOrderMarkAreTaken() throws {
    let windows =
      "\u{FEFF}"
      + text([Samples.record("fft", 1)]).split(separator: "\n").joined(separator: "\r\n")
    #expect(try CSVReader.parse(windows, file: "x.csv").records == [Samples.record("fft", 1)])
  }

  @Test func unknownAndMissingColumnsAreTold() throws {
    let file = try CSVReader.parse(
      "extra,schema,problem,backend,isa,threads,status\n9,0,p,direct,avx2,2,ok\n", file: "x.csv")
    let record = try #require(file.records.first)
    #expect(record.backend == "direct" && record.medianMS == nil && record.schema == 0)
    #expect(file.notices.contains { $0.contains("unknown columns") && $0.contains("extra") })
    #expect(file.notices.contains { $0.contains("missing columns") && $0.contains("median_ms") })
    #expect(file.notices.contains { $0.contains("schema 0, older") })
  }

  @Test(arguments: [
    ",unsupp", ",unsupported,\"kernel 3",
    ",unsupported" + String(repeating: ",", count: 24) + "col",
  ])
  func aCutOffLastRowIsLeftOutAndTold(rest: String) throws {
    let whole = text([Samples.record("fft", 1)])
    let file = try CSVReader.parse(
      whole + "1,id,t,c,m,n,l,1,p,forward,b,v,i,nchw,2" + rest, file: "x")
    #expect(file.records == [Samples.record("fft", 1)])
    #expect(file.notices == ["x:3: the last row is cut off and is left out"])
  }

  @Test(arguments: [
    ("", "x: is empty"), ("a,b\n1,2\n", "x:1: no column 'schema'"),
    ("schema,problem,backend,isa,threads,status\n1,p,b,i,two,ok\n", "x:2: threads: 'two'"),
    ("schema,problem,backend,isa,threads,status\n1,p,b,i,2,nice\n", "x:2: status: 'nice'"),
    ("schema,problem,backend,isa,threads,status,median_ms\n1,p,b,i,2,ok,nan\n", "x:2: median_ms:"),
    ("schema,problem,backend,isa,threads,status\n1,p\n", "x:2: has 2 fields, the header has 6"),
  ])
  func whatIsNoResultFileIsAnError(text: String, message: String) throws {
    let error = try #require(throws: ResultFileError.self) {
      try CSVReader.parse(text, file: "x")
    }
    #expect(error.description.hasPrefix(message), "\(error)")
  }
}
