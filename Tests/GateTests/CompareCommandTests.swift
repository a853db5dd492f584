import Foundation
import Reporting
import Testing

@testable import Gate

extension ProcessTests {
  /// `conv-bench compare` as a process.
  @Suite struct CompareCommandTests {
    private let folder = NSTemporaryDirectory() + "/compare-tests-\(UUID().uuidString)"

    private func file(_ name: String, machine: String, median: Double) throws -> String {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      var record = ResultRecord()
      record.run.machine = machine
      (record.problem, record.backend, record.isa) = ("ic1ih4oc1kh1", "direct", "avx2")
      record.medianMS = median
      let path = "\(folder)/\(name)"
      let rows = [ResultColumn.names, ResultColumn.all.map { $0.cell(record) }]
      try rows.map(CSVText.row).joined().write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }

    private func compare(_ arguments: [String]) throws -> (end: ChildProcess.End?, errors: String) {
      let child = try ChildProcess(
        path: GateWorkerTests.executable, arguments: ["compare"] + arguments,
        environment: GateWorkerTests.environment)
      return (child.waitForEnd(seconds: 60), child.errorText(bytes: 10_000))
    }

    @Test func exitCodes() throws {
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let old = try file("old.csv", machine: "here", median: 1)
      let new = try file("new.csv", machine: "here", median: 2)
      let foreign = try file("foreign.csv", machine: "there", median: 2)
      #expect(try compare([old, new]).end == .exited(status: 0))
      #expect(try compare([old, new, "--strict"]).end == .exited(status: 0))

      let other = try compare([old, foreign])
      #expect(other.end == .exited(status: 0))
      #expect(other.errors.contains("does not hold"))
      #expect(try compare([old, foreign, "--strict"]).end == .exited(status: 3))

      let missing = try compare([old, "/nowhere.csv"])
      #expect(missing.end == .exited(status: 2))
      #expect(missing.errors.contains("/nowhere.csv"))
      #expect(try compare([old]).end == .exited(status: 2))
      #expect(try compare([old, new, new]).end == .exited(status: 2))
    }
  }
}
