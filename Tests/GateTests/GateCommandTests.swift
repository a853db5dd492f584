import Foundation
import Reporting
import Testing

@testable import Gate

extension ProcessTests {
  /// `conv-bench gate` as a process: exit codes, files, and what is left behind.
  @Suite struct GateCommandTests {
    /// What a command has left: its exit code, its files and messages.
    private struct Ending {
      let end: ChildProcess.End?
      let errors: String
      let json: String?
    }

    private func start(_ arguments: [String]) throws -> ChildProcess {
      try ChildProcess(
        path: GateWorkerTests.executable, arguments: ["gate"] + arguments,
        environment: GateWorkerTests.environment)
    }

    private func gate(
      _ arguments: [String], meanwhile: (ChildProcess) -> Void = { _ in }
    ) throws -> Ending {
      let json = NSTemporaryDirectory() + "/gate-tests-\(UUID().uuidString).json"
      defer { try? FileManager.default.removeItem(atPath: json) }
      let row = ["--problem", "ic1ih4oc1kh1", "--backend", "direct", "--threads", "1"]
      let child = try start(arguments + row + ["--json", json])
      meanwhile(child)
      let end = child.waitForEnd(seconds: 120)
      return Ending(
        end: end, errors: child.errorText(bytes: 10_000),
        json: try? String(contentsOfFile: json, encoding: .utf8))
    }

    @Test func exitCodesAndJSON() throws {
      let missing = try gate(["--base", "/nowhere/conv-bench"])
      #expect(missing.end == .exited(status: 2))
      #expect(missing.json?.contains(#""exit_code": 2"#) == true)
      #expect(missing.errors.contains("/nowhere/conv-bench: No such file"))

      let program = try FakeWorker("exit 9")
      let other = try gate(["--base", program.path])
      #expect(other.end == .exited(status: 3))
      #expect(other.json?.contains("exited with status 9") == true)

      let none = try gate([])
      #expect(none.end == .exited(status: 2))
      #expect(none.errors.contains("--base PATH"))
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalEndsEverything(signal: Int32) throws {
      let base = try FakeWorker(measure: "sleep 100")
      let gate = try gate(["--base", base.path]) { child in
        for _ in 0..<500 where base.processes.count < 3 { usleep(20_000) }
        kill(child.id, signal)
      }
      #expect(gate.end == .exited(status: 128 + signal))
      #expect(gate.json?.contains(#""exit": "cancelled""#) == true)
      #expect(!base.processes.isEmpty && base.survivors.isEmpty)
    }

    /// A file that is not finished is hidden, and would stay hidden.
    @Test func nothingHiddenStaysBesideTheJSON() throws {
      let folder = NSTemporaryDirectory() + "/gate-tests-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      func names() -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted() ?? []
      }
      let json = ["--json", "\(folder)/gate.json"]
      try (CSVText.row(ResultColumn.names)).write(
        toFile: "\(folder)/stored.csv", atomically: true, encoding: .utf8)

      for base in [["--base", "/bin/true"], ["--baseline", "\(folder)/stored.csv"]] {
        let child = try start(base + ["--layer", "nonsense"] + json)
        #expect(child.waitForEnd(seconds: 60) == .exited(status: 2))
        #expect(names() == ["stored.csv"])
      }
    }

    /// Workers of a gate that is killed end by themselves, also while they are busy.
    @Test func aKilledGateLeavesNoWorkers() throws {
      let base = try FakeWorker("exec '\(GateWorkerTests.executable)' worker")
      let child = try start([
        "--base", base.path, "--problem", "mb4ic256ih64oc256kh3ph1", "--backend", "reference",
      ])
      for _ in 0..<500 where base.processes.count < 3 { usleep(20_000) }
      usleep(500_000)
      kill(child.id, SIGKILL)
      #expect(base.processes.count >= 3)
      #expect(base.survivors.isEmpty)
    }
  }
}
