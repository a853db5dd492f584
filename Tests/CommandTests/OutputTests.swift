import Foundation
import Reporting
import Testing

/// Outputs that fail while others go on.
@Suite struct OutputTests {
  private static let debug = ["CONV_BENCH_ALLOW_DEBUG": "1"]
  private static let check = ["check", "--layer", "lenet5-fc5", "--backend", "direct,im2col"]

  private func backends(_ folder: Folder, _ name: String) throws -> [String] {
    try CSVReader.read(path: "\(folder.path)/\(name)").records.map(\.backend)
  }

  private func jsonBackends(_ folder: Folder, _ name: String) throws -> [String] {
    let json = try JSONSerialization.jsonObject(with: Data(folder.bytes(name) ?? []))
    let results = try #require((json as? [String: Any])?["results"] as? [[String: Any]])
    return results.compactMap { $0["backend"] as? String }
  }

  @Test func anUnwritableSecondOutputIsSaidBeforeAnythingIsMeasured() throws {
    let folder = try Folder()
    try folder.write("r.csv", "old")
    let outcome = try CommandProcess.run(
      Self.check + ["--csv", "r.csv", "--json", "r.json", "--markdown", "none/r.md"], in: folder)
    #expect(outcome.code == 2)
    #expect(
      outcome.errorLines == [
        "conv-bench: error: cannot write none/r.md: No such file or directory"
      ])
    #expect(folder.names == ["r.csv"] && folder.text("r.csv") == "old")
  }

  @Test(arguments: ["--csv", "--json", "--markdown"])
  func aFullDeviceTakesNoOtherFileAlong(flag: String) throws {
    let folder = try Folder()
    var outputs = ["--csv": "r.csv", "--json": "r.json", "--markdown": "r.md"]
    outputs[flag] = "/dev/full"
    let outcome = try CommandProcess.run(
      Self.check + outputs.flatMap { [$0.key, $0.value] }, in: folder)
    #expect(outcome.code == 2)
    #expect(
      outcome.errorLines == [
        "conv-bench: error: cannot write /dev/full: No space left on device"
      ])
    // The header goes out at once: that there is no room for it is known before anything is measured.
    #expect(
      folder.names
        == (flag == "--csv" ? [] : outputs.values.filter { $0 != "/dev/full" }.sorted()))
    if flag == "--json" { #expect(try backends(folder, "r.csv") == ["direct", "im2col"]) }
    if flag == "--markdown" { #expect(try jsonBackends(folder, "r.json") == ["direct", "im2col"]) }
  }

  /// A limit of the size of files stands for a full disk: the file system takes the beginning of a row.
  @Test func aFileThatIsFullKeepsItsFinishedRows() throws {
    let folder = try Folder()
    let outcome = try CommandProcess.shell(
      """
      ulimit -f 3
      env --default-signal=XFSZ "$0" check --network lenet5 --backend reference,direct --csv r.csv --json r.json --quiet
      """, in: folder)
    #expect(outcome.code == 2, "\(outcome)")
    #expect(outcome.errorLines == ["conv-bench: error: cannot write r.csv: File too large"])
    #expect(folder.names == ["r.csv"] || folder.names == ["r.csv", "r.json"])
    let file = try CSVReader.read(path: "\(folder.path)/r.csv")
    #expect(file.records.count >= 3 && file.notices.isEmpty, "whole rows only")
    #expect(try #require(folder.bytes("r.csv")).count > 2048)
  }

  /// The totals of a network come last. If there is no room for them the rows before must stay.
  @Test func aFileWithoutRoomForTotalsKeepsItsRows() throws {
    let folder = try Folder()
    let command = [
      "run", "--network", "lenet5", "--backend", "direct,im2col", "--threads", "1", "--samples",
      "6",
      "--warmup", "0", "--quiet", "--csv",
    ]
    #expect(try CommandProcess.run(command + ["all.csv"], in: folder).code == 0)
    let lines = try #require(folder.text("all.csv")).split(separator: "\n")
    let (rows, totals) = (
      lines.filter { !$0.contains(",total,") }, lines.filter { $0.contains(",total,") }
    )
    try #require(totals.count == 3 && rows.count == 11)
    // The digits of a time make some bytes more or less; a total has more than 200.
    let room = rows.reduce(rows.count + 200) { $0 + $1.utf8.count }
    let outcome = try CommandProcess.shell(
      "CONV_BENCH_ALLOW_DEBUG=1 env --default-signal=XFSZ prlimit --fsize=\(room) \"$0\" \(command.joined(separator: " ")) r.csv",
      in: folder)
    #expect(outcome.code == 2, "\(outcome)")
    #expect(outcome.errorLines == ["conv-bench: error: cannot write r.csv: File too large"])
    #expect(try backends(folder, "r.csv").count == backends(folder, "all.csv").count)
    #expect(folder.names == ["all.csv", "r.csv"])
  }

  @Test func aFolderThatVanishesTakesNoOtherFileAlong() throws {
    let folder = try Folder()
    let gone = folder.path + "/gone"
    try FileManager.default.createDirectory(atPath: gone, withIntermediateDirectories: true)
    let command = try CommandProcess(
      [
        "--layer", "lenet5-conv1", "--backend", "gemm-1x1,direct", "--samples", "1000000000",
        "--json", "gone/r.json", "--csv", "r.csv",
      ], in: folder, environment: Self.debug)
    #expect(folder.waits(for: "unsupported", beside: "r.csv"))
    try FileManager.default.removeItem(atPath: gone)
    command.send(SIGTERM)
    let outcome = command.outcome()
    #expect(outcome.code == 2)
    #expect(
      outcome.errorLines == [
        "conv-bench: error: cannot write gone/r.json: No such file or directory"
      ])
    #expect(folder.names == ["r.csv"])
    #expect(try backends(folder, "r.csv") == ["gemm-1x1"])
  }

  /// As `conv-bench --csv - | head` does it.
  @Test func aReaderThatHasGoneEndsTheRunBeforeItBegins() throws {
    let folder = try Folder()
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let command = try CommandProcess(
      Self.check + ["--csv", "-", "--json", "r.json"], in: folder, output: pipe.fileHandleForWriting
    )
    let outcome = command.outcome()
    #expect(outcome.code == 141 && outcome.errors.isEmpty, "\(outcome)")
    #expect(folder.names.isEmpty)
  }

  /// The reader goes after the header: what is measured until that is noticed is in the other file.
  @Test func finishedRowsStayWhenTheReaderGoes() throws {
    let folder = try Folder()
    let pipe = Pipe()
    let command = try CommandProcess(
      [
        "check", "--layer", "vgg16-conv5_1,lenet5-fc5", "--backend", "gemm-1x1,direct", "--csv",
        "-",
        "--json", "r.json",
      ], in: folder, output: pipe.fileHandleForWriting)
    try pipe.fileHandleForWriting.close()
    let header = try #require(try pipe.fileHandleForReading.read(upToCount: 20))
    #expect(String(decoding: header, as: UTF8.self).hasPrefix("schema,run_id"))
    try pipe.fileHandleForReading.close()
    let outcome = command.outcome()
    #expect(outcome.code == 141 && outcome.errors.isEmpty, "\(outcome)")
    #expect(folder.names == ["r.json"])
    #expect(try jsonBackends(folder, "r.json") == ["gemm-1x1", "direct"])
  }
}
