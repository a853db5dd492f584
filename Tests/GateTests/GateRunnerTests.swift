import Foundation
import Measurement
import Synchronization
import Testing

@testable import Gate

extension ProcessTests {
  /// The gate against workers that are scripts: what they answer is known, and so is the verdict.
  @Suite struct GateRunnerTests {
    private let cases = [
      GateCase(
        network: "net", layer: "conv",
        worker: WorkerCase(problem: "ic1ih4oc1kh1", backend: "direct", isa: "generic", threads: 1))
    ]

    private func run(
      _ base: FakeWorker, _ candidate: FakeWorker, rows: Int = 1,
      adjust: (inout GateSettings) -> Void = { _ in }
    ) -> GateReport {
      var settings = GateSettings()
      settings.patience = 20
      settings.sampleSeconds = 0.04
      adjust(&settings)
      let runner = GateRunner(base: base.path, candidate: candidate.path, settings: settings)
      return runner.run((0..<rows).flatMap { _ in cases })
    }

    private func verdict(_ report: GateReport) -> GateVerdict? {
      report.rows.first?.outcome?.verdict
    }

    // MARK: Verdicts

    @Test func equalWorkersPass() throws {
      let report = try run(FakeWorker(seconds: 0.04), FakeWorker(seconds: 0.04), rows: 2)
      #expect(report.exit == .passed)
      #expect(report.rows.allSatisfy { $0.outcome?.verdict == .same })
      #expect(report.rows.allSatisfy { $0.blocks.count == 8 && $0.callsPerSample == 40 })
    }

    @Test func aSlowerCandidateFailsAfterConfirmation() throws {
      let report = try run(FakeWorker(seconds: 0.04), FakeWorker(seconds: 0.048))
      #expect(report.exit == .failed)
      #expect(verdict(report) == .regression)
      let effect = try #require(report.rows[0].outcome?.effect)
      #expect(abs(effect.ratio - 0.2) < 1e-9)
      #expect(abs(effect.baseSeconds - 1e-3) < 1e-12)
      #expect(report.rows[0].confirmation.count == 10)
    }

    @Test func aFasterCandidatePasses() throws {
      let report = try run(FakeWorker(seconds: 0.04), FakeWorker(seconds: 0.03))
      #expect(report.exit == .passed)
      #expect(verdict(report) == .improvement)
    }

    @Test func workersThatWaitForACoreAreNotCompared() throws {
      let busy = try FakeWorker(measure: #"echo '{"sample":{"seconds":0.04,"waited":0.03}}'"#)
      let report = try run(busy, FakeWorker(seconds: 0.048))
      #expect(report.exit == .unmeasured)
      #expect(report.rows[0].outcome?.reason.contains("stop other programs") == true)
    }

    @Test func anEmptySetIsUnmeasured() throws {
      let report = try run(FakeWorker(seconds: 0.04), FakeWorker(seconds: 0.04), rows: 0)
      #expect(report.exit == .unmeasured)
    }

    @Test func anUnfitMachineIsUnmeasured() throws {
      // The samples take 10 to 90 ms, in an order that does not depend on the processes' roles.
      let noisy = #"""
        n=$(cat "$0.samples" 2>/dev/null || echo 0); echo $((n + 1)) > "$0.samples"
        set -- 1 7 3 9 2 5 8; shift $((n % 7)); echo "{\"sample\":{\"seconds\":0.0$1}}"
        """#
      let report = try run(FakeWorker(measure: noisy), FakeWorker(measure: noisy))
      #expect(report.exit == .unmeasured)
      #expect(report.rows[0].outcome?.isMeasured == false)
    }

    // MARK: Bases that are none

    @Test func aMissingBaseIsUsage() throws {
      let candidate = try FakeWorker(seconds: 0.04)
      for path in ["/nowhere/conv-bench", NSTemporaryDirectory()] {
        let runner = GateRunner(base: path, candidate: candidate.path, settings: GateSettings())
        let report = runner.run(cases)
        #expect(report.exit == .badBase)
        #expect(report.error?.contains(path) == true)
      }
      let plain = try FakeWorker("", isExecutable: false)
      let report = run(plain, candidate)
      #expect(report.exit == .badBase)
      #expect(report.error?.contains("not executable") == true)
    }

    @Test(arguments: [
      ("echo 'what worker?' >&2; exit 64", "exited with status 64, saying: what worker?"),
      ("kill -SEGV $$", "ended by signal 11"),
      (#"echo '{"hello":{"protocol":99,"news":1}}'; cat"#, "version 99"),
      ("echo usage: something; cat", "'usage: something'"),
      (#"echo '{"hello":{"protocol":1,"isOptimized":false}}'; cat"#, "debug build"),
      ("sleep 100", "hangs"),
      ("exec 1>&- 0>&-; sleep 100", "closed its output"),
    ])
    func aBaseThatIsNoWorkerIsUnmeasured(script: String, message: String) throws {
      let base = try FakeWorker(script)
      let report = try run(base, FakeWorker(seconds: 0.04)) {
        $0.patience = message == "hangs" ? 0.3 : 20
      }
      #expect(report.exit == .unmeasured)
      #expect(report.error?.contains(message) == true, "\(report.error ?? "no error")")
      #expect(report.error?.hasPrefix("base") == true)
      #expect(base.survivors.isEmpty)
    }

    // MARK: Bases that fail later

    @Test(
      arguments: [
        ("kill -ABRT $$", "echo x", "signal 6"),
        ("sleep 100", "echo x", "no answer to 'prepare'"),
        (nil, "exit 3", "status 3 (while answering 'measure')"),
        (nil, "sleep 100", "no answer to 'measure'"),
        (nil, "echo nonsense", "'nonsense'"),
        (nil, #"echo '{"sample":{"seconds":0}}'"#, "something else"),
        (#"echo '{"failed":{"reason":"no memory for it"}}'"#, "echo x", "no memory for it"),
        (
          #"echo '{"wrong":{"reason":"n=0 k=3"}}'"#, "echo x",
          "base computes a wrong result: n=0 k=3"
        ),
      ] as [(String?, String, String)])
    func aBaseThatFailsMakesItsRowUnmeasured(
      prepare: String?, measure: String, message: String
    ) throws {
      let base =
        if let prepare { try FakeWorker(prepare: prepare, measure: measure) } else {
          try FakeWorker(measure: measure)
        }
      let candidate = try FakeWorker(seconds: 0.04)
      let report = run(base, candidate) {
        $0.patience = message.contains("no answer") ? 0.5 : 20
        $0.sampleSeconds = 0.04
        $0.warmup = 0
      }
      #expect(report.exit == .unmeasured)
      let reason = report.rows[0].reason
      #expect(reason.contains(message), "\(reason)")
      #expect(base.survivors.isEmpty && candidate.survivors.isEmpty)
    }

    @Test func aWrongCandidateFails() throws {
      let wrong = try FakeWorker(
        prepare: #"echo '{"wrong":{"reason":"n=0 k=3"}}'"#, measure: "echo x")
      let report = try run(FakeWorker(seconds: 0.04), wrong)
      #expect(report.exit == .failed)
      #expect(report.rows[0].verdictText == "wrong")
    }

    @Test func whatTheBaseDoesNotTakeIsSkipped() throws {
      let declines = #"echo '{"declined":{"reason":"stride 2"}}'"#
      let base = try FakeWorker(prepare: declines, measure: "echo x")
      let report = try run(base, FakeWorker(seconds: 0.04))
      #expect(report.rows[0].verdictText == "skipped")
      #expect(report.exit == .unmeasured)
      // The candidate may not decline what the base takes.
      let candidate = try FakeWorker(prepare: declines, measure: "echo x")
      let other = try run(FakeWorker(seconds: 0.04), candidate)
      #expect(other.exit == .unmeasured)
      #expect(other.rows[0].reason.contains("candidate does not take what the base takes"))
    }

    // MARK: Ends before the end

    @Test func theTimeLimitEndsEverything() throws {
      let base = try FakeWorker(measure: "sleep 100")
      let start = MonotonicClock().nanoseconds()
      let report = try run(base, FakeWorker(seconds: 0.04)) { $0.timeLimit = 1 }
      #expect(MonotonicClock().seconds(since: start) < 20)
      #expect(report.exit == .unmeasured)
      #expect(report.rows[0].reason.contains("time limit of 1 s"))
      #expect(base.survivors.isEmpty)
    }

    @Test func aCancellationEndsEverything() throws {
      let base = try FakeWorker(measure: "sleep 100")
      let candidate = try FakeWorker(seconds: 0.04)
      let looks = Atomic<Int>(0)
      let report = withoutActuallyEscaping({ looks.add(1, ordering: .relaxed).newValue > 8 }) {
        isDone in
        nonisolated(unsafe) let isDone = isDone
        return run(base, candidate) { $0.isCancelled = { isDone() } }
      }
      #expect(report.exit == .cancelled)
      #expect(report.rows.count == 1)
      #expect(base.survivors.isEmpty && candidate.survivors.isEmpty)
    }

    @Test func nothingIsLeftBehind() throws {
      // A worker with a child of its own, which would outlive it.
      let base = try FakeWorker("sleep 300 &\n\(FakeWorker.hello)\nread -r line\nexit 1")
      let report = try run(base, FakeWorker(seconds: 0.04))
      #expect(report.exit == .unmeasured)
      #expect(!base.processes.isEmpty && base.survivors.isEmpty)
    }

    @Test func theSlowDownOfTestsReachesTheCandidateOnly() throws {
      let measure = #"echo "{\"sample\":{\"seconds\":0.0$(( 40 + ${CONV_BENCH_SLOWDOWN:-0} ))}}""#
      let (base, candidate) = try (FakeWorker(measure: measure), FakeWorker(measure: measure))
      let runner = GateRunner(
        base: base.path, candidate: candidate.path, settings: GateSettings(),
        environment: ["CONV_BENCH_SLOWDOWN": "8", "PATH": "/usr/bin:/bin"])
      #expect(verdict(runner.run(cases)) == .regression)
    }
  }
}
