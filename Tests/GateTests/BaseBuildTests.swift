import Foundation
import Testing

@testable import Gate

extension ProcessTests {
  /// `gate --base-ref` in a repository of its own, with a `swift` that is a script.
  @Suite struct BaseBuildTests {
    /// A repository with one commit, a folder for temporary files, and a compiler.
    private final class Repository {
      let folder = NSTemporaryDirectory() + "/base-tests-\(UUID().uuidString)"
      let compiler: FakeWorker

      init(compiler body: String) throws {
        compiler = try FakeWorker(body)
        for name in ["repository", "tmp", "bin"] {
          try FileManager.default.createDirectory(
            atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        try FileManager.default.createSymbolicLink(
          atPath: "\(folder)/bin/swift", withDestinationPath: compiler.path)
        try run(["git", "init", "--quiet"])
        try run([
          "git", "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "--quiet",
          "--allow-empty", "-m", "first",
        ])
      }

      deinit { try? FileManager.default.removeItem(atPath: folder) }

      func start(_ command: [String]) throws -> ChildProcess {
        var environment = GateWorkerTests.environment
        environment["TMPDIR"] = "\(folder)/tmp"
        environment["PATH"] = "\(folder)/bin:\(environment["PATH"] ?? "/usr/bin:/bin")"
        return try ChildProcess(
          path: "/usr/bin/env", arguments: ["-C", "\(folder)/repository"] + command,
          environment: environment)
      }

      private func run(_ command: [String]) throws {
        #expect(try start(command).waitForEnd(seconds: 30) == .exited(status: 0))
      }

      func gate(_ revision: String) throws -> ChildProcess {
        try start([
          GateWorkerTests.executable, "gate", "--base-ref", revision, "--problem", "ic1ih4oc1kh1",
          "--backend", "direct", "--threads", "1",
        ])
      }

      /// What temporary files are left.
      var remains: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/tmp")) ?? []
      }

      /// Whether git still knows of a second working tree.
      func hasWorktrees() throws -> Bool {
        let list = try start(["git", "worktree", "list"])
        _ = list.waitForEnd(seconds: 30)
        var count = 0
        while case .text = list.readLine(until: Deadline(after: 1), isCancelled: { false }) {
          count += 1
        }
        return count != 1
      }
    }

    /// `swift build -c release --product conv-bench --package-path FOLDER`
    private static let build = #"folder="$7"; "#

    @Test(arguments: [
      (
        build + #"mkdir -p "$folder/.build/release"; cd "$folder/.build/release"; "#
          + #"printf '#!/bin/sh\nexit 9\n' > conv-bench; chmod +x conv-bench"#,
        "exited with status 9"
      ),
      ("echo 'a.swift:1:1: error: no such module'; exit 1", "cannot be built: a.swift:1:1: error"),
      ("exit 0", "No such file"),
    ])
    func theBaseIsBuiltAndRemoved(script: String, message: String) throws {
      let repository = try Repository(compiler: script)
      let gate = try repository.gate("HEAD")
      let end = gate.waitForEnd(seconds: 60)
      #expect(end == .exited(status: message == "No such file" ? 2 : 3))
      #expect(gate.errorText(bytes: 10_000).contains(message))
      #expect(repository.remains.isEmpty)
      #expect(try !repository.hasWorktrees())
    }

    @Test func anUnknownRevisionIsUsage() throws {
      let repository = try Repository(compiler: "exit 1")
      let gate = try repository.gate("nonsense")
      #expect(gate.waitForEnd(seconds: 60) == .exited(status: 2))
      #expect(gate.errorText(bytes: 10_000).contains("no commit 'nonsense'"))
      #expect(repository.compiler.processes.isEmpty)
    }

    @Test func anInterruptedBuildLeavesNothing() throws {
      let repository = try Repository(compiler: "sleep 100")
      let gate = try repository.gate("HEAD")
      for _ in 0..<500 where repository.compiler.processes.isEmpty { usleep(20_000) }
      kill(gate.id, SIGINT)
      #expect(gate.waitForEnd(seconds: 60) == .exited(status: 130))
      #expect(repository.compiler.survivors.isEmpty)
      #expect(repository.remains.isEmpty)
      #expect(try !repository.hasWorktrees())
    }

    /// A compiler that does not want to end is not waited for a second time.
    @Test func aSecondSignalLeavesNothing() throws {
      let repository = try Repository(
        compiler: "trap '' TERM\nwhile true; do sleep 1; done")
      let gate = try repository.gate("HEAD")
      for _ in 0..<500 where repository.compiler.processes.isEmpty { usleep(20_000) }
      kill(gate.id, SIGINT)
      usleep(500_000)
      kill(gate.id, SIGINT)
      #expect(gate.waitForEnd(seconds: 3) == .exited(status: 130))
      #expect(repository.compiler.survivors.isEmpty)
      #expect(repository.remains.isEmpty)
    }
  }
}
