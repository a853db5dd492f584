import Foundation
import Measurement
import Testing

@Suite struct MachineTests {
  private static let file = "cache/conv-bench/machine.json"

  private func run(
    _ arguments: [String] = [], in folder: Folder, environment: [String: String] = [:]
  ) throws -> CommandProcess.Outcome {
    try CommandProcess.run(["machine"] + arguments, in: folder, environment: environment)
  }

  private func report(_ arguments: [String] = [], in folder: Folder) throws -> MachineReport {
    let outcome = try run(["--json"] + arguments, in: folder)
    #expect(outcome.code == 0)
    return try JSONDecoder().decode(MachineReport.self, from: Data(outcome.output.utf8))
  }

  private func cached(_ folder: Folder) throws -> MachineRates {
    try JSONDecoder().decode(
      MachineRates.self, from: Data(try #require(folder.bytes(Self.file))))
  }

  private func store(_ rates: MachineRates, in folder: Folder) throws {
    try folder.write(Self.file, Array(JSONEncoder().encode(rates)))
  }

  @Test func ratesAreKeptUntilRefreshed() throws {
    let folder = try Folder()
    let first = try report(in: folder)
    #expect(!first.isCached)
    // A rate that no measurement gives: what shows it was read.
    var rates = try cached(folder)
    #expect(rates.peaks == first.peaks && rates.measuredAt == first.measuredAt)
    rates.peaks[0].flopsPerSecond.best = 12345e9
    rates.measuredAt = "2026-01-02T03:04:05Z"
    try store(rates, in: folder)
    let second = try report(in: folder)
    #expect(second.isCached && second.peaks == rates.peaks)
    #expect(second.measuredAt == "2026-01-02T03:04:05Z")
    let text = try run(in: folder).output
    #expect(text.contains("measured at 2026-01-02T03:04:05Z, ") && text.contains(" days ago"))
    #expect(text.contains("--refresh measures again") && text.contains("12345"))

    let third = try report(["--refresh"], in: folder)
    #expect(!third.isCached && third.peaks[0].flopsPerSecond.best < 12345e9)
    #expect(try cached(folder).peaks == third.peaks)
  }

  @Test func aRunMeasuresItsOwnPeak() throws {
    let folder = try Folder()
    _ = try run(in: folder)
    var rates = try cached(folder)
    for index in rates.peaks.indices { rates.peaks[index].flopsPerSecond.best = 1e30 }
    for index in rates.bandwidths.indices { rates.bandwidths[index].bytesPerSecond = 1e-9 }
    try store(rates, in: folder)
    #expect(try report(in: folder).isCached)
    let outcome = try CommandProcess.run(
      [
        "--layer", "lenet5-conv1", "--backend", "direct", "--samples", "6", "--json", "r.json",
        "--quiet",
      ], in: folder)
    #expect(outcome.code == 0)
    let json = try JSONSerialization.jsonObject(with: Data(folder.bytes("r.json") ?? []))
    let results = (json as? [String: Any])?["results"] as? [[String: Any]]
    let peak = try #require(results?.first?["peak_gflops"] as? Double)
    #expect(peak > 0.1 && peak < 1e6)
  }

  @Test func whatDoesNotHoldHereIsToldAndReplaced() throws {
    let folder = try Folder()
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/cache/conv-bench", withIntermediateDirectories: true)
    try folder.write(Self.file, "{")
    let outcome = try run(["--json"], in: folder)
    #expect(outcome.code == 0)
    #expect(
      outcome.errors.contains(
        "note: \(folder.path)/\(Self.file) holds no rates that this version reads; measuring again")
    )
    #expect(outcome.output.contains("\"cached\": false"))
    #expect(try report(in: folder).isCached)
  }

  /// Root may write to most other places.
  @Test(arguments: ["/dev/null", "FOLDER/pipe"])
  func aPlaceThatCannotBeWrittenIsAWarning(place: String) throws {
    let folder = try Folder()
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/pipe/conv-bench", withIntermediateDirectories: true)
    mkfifo("\(folder.path)/pipe/conv-bench/machine.json", 0o600)
    let path = place.replacingOccurrences(of: "FOLDER", with: folder.path)
    let outcome = try run(["--json"], in: folder, environment: ["XDG_CACHE_HOME": path])
    #expect(outcome.code == 0)
    #expect(outcome.errors.contains("warning: the rates are not kept: cannot write \(path)"))
    #expect(outcome.output.contains("\"cached\": false"))
  }

  @Test func topologyAndUsableCoresAreNamed() throws {
    let text = try run(in: Folder()).output
    let cpu = CPUDescription.current
    #expect(text.contains("topology      \(cpu.sockets) socket"))
    #expect(text.contains("\(cpu.logicalCPUs) CPU"))
    #expect(text.contains("(CPUs \(CoreBudget.current().cpuRanges))"))
    for isa in MachineDescription.current().instructionSets { #expect(text.contains("\n\(isa) ")) }
  }
}
