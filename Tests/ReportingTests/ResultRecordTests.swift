import Convolution
import Foundation
import Measurement
import Testing

@testable import Reporting

@Suite struct ResultRecordTests {
  @Test func columnsAreThoseOfTheContractInOrder() {
    let contract =
      "schema,run_id,timestamp,commit,machine,network,layer,multiplicity,problem,direction,backend,"
      + "variant,isa,layout,threads,status,reason,median_ms,ci95_low_ms,ci95_high_ms,min_ms,"
      + "mean_ms,stddev_ms,samples,calls_per_sample,gflop,gflops,gflops_executed,peak_fraction,"
      + "bound,prepare_ms,weights_bytes,workspace_bytes,checked_outputs,max_abs_error,"
      + "rel_l2_error,error_bound_fraction,seed,forced_variant,cache,reorder_ms,input_transform_ms,"
      + "gemm_ms,output_transform_ms,waiting_ms,reorder_bound,input_transform_bound,gemm_bound,"
      + "output_transform_bound"
    #expect(ResultColumn.names.joined(separator: ",") == contract)
  }

  @Test func figuresFollowFromTheSamples() throws {
    var result = Samples.result(milliseconds: [4, 1, 2, 2, 2, 3], bias: true)
    result.executedFLOPs = Samples.problem.flops / 2
    result.peakFLOPS = 1e12
    result.prepareSeconds = 0.25
    result.bound = .l2
    let record = ResultRecord(result, run: Samples.run)
    #expect(record.medianMS == 2)
    #expect(record.minMS == 1)
    #expect(record.ci95LowMS == 1 && record.ci95HighMS == 4)
    #expect(record.samples == 6 && record.callsPerSample == 3)
    #expect(record.gflop == 1.849688064)
    #expect(abs(try #require(record.gflops) - 924.844032) < 1e-9)
    #expect(abs(try #require(record.gflopsExecuted) - 462.422016) < 1e-9)
    #expect(abs(try #require(record.peakFraction) - 0.462422016) < 1e-12)
    #expect(abs(try #require(record.peakGFLOPS) - 1000) < 1e-9)
    #expect(record.prepareMS == 250)
    #expect(record.bound == .l2)
    #expect(record.problem == "mb1ic128ih56oc256oh56kh3ph1")
    #expect(record.direction == "forward+bias")
    #expect(record.fullName == "net-conv1")
  }

  @Test func phasesHaveTheirColumns() throws {
    var result = Samples.result("winograd", milliseconds: [10, 10, 10])
    #expect(ResultRecord(result, run: Samples.run).phases == PhaseRecord())
    result.phases = PhaseTimes(
      phases: [
        .input: .init(seconds: 1e-3, bound: .l3), .product: .init(seconds: 6e-3, bound: .compute),
        .output: .init(seconds: 2e-3, bound: nil),
      ], waiting: 0.5e-3)
    let record = ResultRecord(result, run: Samples.run)
    let cells = Dictionary(
      uniqueKeysWithValues: ResultColumn.all.map { ($0.name, $0.cell(record)) })
    let expected = [
      "reorder_ms": "", "input_transform_ms": "1", "gemm_ms": "6", "output_transform_ms": "2",
      "waiting_ms": "0.5", "reorder_bound": "", "input_transform_bound": "l3",
      "gemm_bound": "compute", "output_transform_bound": "",
    ]
    #expect(cells.filter { expected.keys.contains($0.key) } == expected)
    result.status = .wrong
    #expect(ResultRecord(result, run: Samples.run).phases == PhaseRecord())
  }

  @Test func aForcedVariantIsToldFromAChosenOne() {
    var result = Samples.result("winograd", milliseconds: [1, 1, 1])
    result.variant = "f4 fused 12"
    let chosen = ResultRecord(result, run: Samples.run)
    #expect(chosen.forcedVariant == nil && chosen.backendName == "winograd")
    let benchmark = result.benchmark
    var options = benchmark.options
    options.variant = "f4"
    result.benchmark = BenchmarkCase(
      network: benchmark.network, layer: benchmark.layer, problem: benchmark.problem,
      backend: benchmark.backend, options: options)
    let forced = ResultRecord(result, run: Samples.run)
    #expect(forced.forcedVariant == "f4" && forced.backendName == "winograd-f4")
    #expect(forced.backend == "winograd" && forced.variant == "f4 fused 12")
  }

  @Test(arguments: [CaseStatus.unsupported, .wrong, .failed])
  func noTimeIsReportedUnlessOK(status: CaseStatus) {
    let record = ResultRecord(
      Samples.result(milliseconds: [1, 1, 1], status: status, reason: "why"), run: Samples.run)
    #expect(record.medianMS == nil && record.gflops == nil && record.samples == nil)
    #expect(record.status == status && record.reason == "why")
  }

  @Test func infiniteErrorsAreEmptyCells() throws {
    var result = Samples.result(status: .wrong, reason: "off")
    result.check = CheckOutcome(
      checkedOutputs: 5, maxAbsError: .infinity, relL2Error: .nan, errorBoundFraction: .infinity)
    let record = ResultRecord(result, run: Samples.run)
    let row = ResultColumn.all.map { $0.cell(record) }.joined(separator: ",").lowercased()
    #expect(!row.contains("inf") && !row.contains("nan"))
    #expect(record.checkedOutputs == 5)
  }

  @Test func runFactsAreInUTC() {
    let facts = RunFacts(
      date: Date(timeIntervalSince1970: 0), commit: "abc", isDirty: true, machine: "m", random: 42)
    #expect(facts.timestamp == "1970-01-01T00:00:00Z")
    #expect(facts.runID == "19700101T000000Z-0000002a")
    #expect(facts.commit == "abc-dirty")
  }
}
