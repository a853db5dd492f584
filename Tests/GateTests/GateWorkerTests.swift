import Foundation
import Testing

@testable import Gate

extension ProcessTests {
  /// The worker of this build, as a process.
  @Suite struct GateWorkerTests {
    /// The conv-bench that was built with these tests.
    static let executable =
      URL(
        fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(
          atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
      )
      .deletingLastPathComponent().appendingPathComponent("conv-bench").path

    static let environment = ProcessInfo.processInfo.environment.merging(
      ["CONV_BENCH_ALLOW_DEBUG": "1"]) { $1 }

    private let worker = WorkerCase(
      problem: "ic4ih8oc4kh3ph1", backend: "im2col", isa: "generic", threads: 1)

    private func child() throws -> ChildProcess {
      try ChildProcess(
        path: Self.executable, arguments: ["worker"], environment: Self.environment)
    }

    private func reply(_ child: ChildProcess) -> WorkerReply? {
      guard
        case .text(let line) = child.readLine(until: Deadline(after: 60), isCancelled: { false })
      else { return nil }
      return WorkerLine.decode(line)
    }

    private func ask(_ child: ChildProcess, _ request: WorkerRequest) -> WorkerReply? {
      #expect(child.send(WorkerLine.encode(request)))
      return reply(child)
    }

    private func preparation(_ worker: WorkerCase) -> WorkerRequest {
      .prepare(case: worker, check: .full, checkSeed: 1, warmup: 0, wisdom: nil)
    }

    @Test func aConversation() throws {
      let child = try child()
      guard case .hello(1, true, _) = reply(child) else {
        Issue.record("no hello")
        return
      }
      guard case .failed = ask(child, .measure(calls: 3)) else {
        Issue.record("measured what was not prepared")
        return
      }
      guard case .ready(let seconds, _, let outputs, _) = ask(child, preparation(worker)) else {
        Issue.record("not ready")
        return
      }
      #expect(seconds > 0)
      #expect(outputs == 4 * 8 * 8)
      guard case .sample(let sample, let waited?) = ask(child, .measure(calls: 3)) else {
        Issue.record("no sample")
        return
      }
      #expect(sample > 0 && waited >= 0)
    }

    @Test func namesOfOtherBuildsAreDeclined() throws {
      let child = try child()
      _ = reply(child)
      var unknown = worker
      unknown.backend = "quantum"
      guard case .declined(let reason) = ask(child, preparation(unknown)) else {
        Issue.record("took an unknown backend")
        return
      }
      #expect(reason.contains("quantum"))
      var strided = worker
      (strided.problem, strided.backend) = ("ic4ih8oc4kh3ph1sh2", "winograd")
      guard case .declined = ask(child, preparation(strided)) else {
        Issue.record("Winograd took a stride")
        return
      }
    }

    @Test func aLineThatIsNoRequestFails() throws {
      let child = try child()
      _ = reply(child)
      #expect(child.send(Array("please\n".utf8)))
      guard case .failed(let reason) = reply(child) else {
        Issue.record("no failure")
        return
      }
      #expect(reason.contains("please"))
    }

    @Test func wisdomIsHandedOn() throws {
      var spectral = worker
      spectral.backend = "fft"
      let first = try child()
      _ = reply(first)
      guard case .ready(_, _, _, let wisdom) = ask(first, preparation(spectral)) else {
        Issue.record("not ready")
        return
      }
      #expect(wisdom.contains("fftw"))
      let second = try child()
      _ = reply(second)
      let reply = ask(
        second, .prepare(case: spectral, check: .sample, checkSeed: 2, warmup: 0, wisdom: wisdom))
      guard case .ready(_, _, _, let adopted) = reply else {
        Issue.record("the second worker is not ready")
        return
      }
      // The order of what FFTW knows is its own affair.
      #expect(Set(adopted.split(separator: "\n")) == Set(wisdom.split(separator: "\n")))
    }

    /// A worker ends with its input, also while it is busy.
    @Test func aWorkerEndsWithItsGate() throws {
      let child = try child()
      _ = reply(child)
      var large = worker
      large.problem = "mb4ic256ih64oc256kh3ph1"
      large.backend = "reference"
      #expect(child.send(WorkerLine.encode(preparation(large))))
      child.hangUp()
      #expect(child.waitForEnd(seconds: 10) == .exited(status: 0))
    }
  }
}
