import Backends
import Convolution
import Measurement
import Testing

@testable import conv_bench

/// What no built-in backend does when asked from outside: a wrong result.
@Suite struct ExitStatusTests {
  private func outputs(_ statuses: [CaseStatus]) throws -> RunOutputs {
    var options = Options()
    options.isQuiet = true
    let outputs = try RunOutputs(options, machine: .current(), settings: .null)
    for status in statuses {
      let benchmark = BenchmarkCase(
        network: "", layer: "x",
        problem: try ConvolutionProblem(ic: 1, ih: 1, iw: 1, oc: 1, kh: 1, kw: 1),
        backend: BackendList.all[0], options: PlanOptions(isa: .generic, threads: 1))
      outputs.take(
        .finished(CaseResult(benchmark, status: status, reason: "r", seed: 1)),
        RunProgress.Place(first: 0, count: 1, total: 1))
    }
    return outputs
  }

  @Test func oneWrongResultOutweighsEverything() throws {
    #expect(try outputs([.ok, .failed, .wrong, .unsupported]).status() == .wrong)
    #expect(ExitStatus.wrong.code == 1)
  }

  @Test func unsupportedCasesDoNotMatterBesideOthers() throws {
    #expect(try outputs([.unsupported, .ok]).status() == .success)
  }

  @Test(arguments: [[.ok, .failed], [.unsupported], []] as [[CaseStatus]])
  func whatIsMissingIsAnError(statuses: [CaseStatus]) throws {
    let error = try #require(throws: CommandError.self) { try outputs(statuses).status() }
    #expect(error.status == .unmeasured && error.status.code == 3)
  }

  @Test func signalsAddTo128() {
    #expect(ExitStatus.interrupted(signal: 2).code == 130)
    #expect(ExitStatus.interrupted(signal: 15).code == 143)
  }
}
