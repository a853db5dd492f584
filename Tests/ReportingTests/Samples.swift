import Backends
import Convolution
import Measurement

@testable import Reporting

/// Results with known figures.
enum Samples {
  static let run = RunFacts(
    runID: "20260102T030405Z-0000002a", timestamp: "2026-01-02T03:04:05Z", commit: "abc",
    machine: "cpu-avx2-2c")

  /// 2·256·56·56·128·9 = 1 849 688 064 operations.
  static let problem = try! ConvolutionProblem(
    ic: 128, ih: 56, iw: 56, oc: 256, kh: 3, kw: 3, ph: 1, pw: 1)

  static func result(
    _ backend: String = "direct", network: String = "net", layer: String = "conv1",
    multiplicity: Int = 2, problem: ConvolutionProblem = problem, milliseconds: [Double] = [],
    status: CaseStatus = .ok, reason: String = "", bias: Bool = false
  ) -> CaseResult {
    var result = CaseResult(
      BenchmarkCase(
        network: network, layer: layer, multiplicity: multiplicity, problem: problem,
        backend: BackendList.named(backend)!,
        options: PlanOptions(isa: .generic, threads: 2, bias: bias)),
      status: status, reason: reason, seed: 7)
    result.samples = milliseconds.map { $0 * 1e-3 }
    result.callsPerSample = 3
    return result
  }

  /// A row timed at `median` with an interval of a tenth to either side.
  static func record(
    _ backend: String, _ median: Double?, network: String = "net", layer: String = "conv1",
    problem: String = "mb1ic1ih1oc1oh1kh1ph0", multiplicity: Int = 1, status: CaseStatus = .ok,
    reason: String = "", variant: String = "", forced: String? = nil, width: Double = 0.1
  ) -> ResultRecord {
    var record = ResultRecord()
    record.run = run
    (record.backend, record.variant, record.network, record.layer) =
      (backend, variant, network, layer)
    record.forcedVariant = forced
    (record.problem, record.multiplicity) = (problem, multiplicity)
    (record.status, record.reason) = (status, reason)
    (record.isa, record.layout, record.threads, record.seed) = ("avx2", "nchw", 2, 1)
    record.gflop = 1
    guard let median else { return record }
    record.medianMS = median
    record.ci95LowMS = median * (1 - width)
    record.ci95HighMS = median * (1 + width)
    record.gflops = 1e3 / median
    record.gflopsExecuted = 1e3 / median
    record.peakFraction = 1e3 / median / 500
    return record
  }
}
