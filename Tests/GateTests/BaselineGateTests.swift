import Foundation
import Measurement
import Reporting
import Testing

@testable import Gate

@Suite struct BaselineGateTests {
  private func record(
    _ median: Double, peak: Double? = nil, bound: Bound = .compute,
    adjust: (inout ResultRecord) -> Void = { _ in }
  ) -> ResultRecord {
    var record = ResultRecord()
    record.run.machine = "cpu"
    (record.problem, record.backend, record.isa) = ("ic1ih4oc1kh1", "direct", "avx2")
    record.medianMS = median
    record.ci95LowMS = median * 0.99
    record.ci95HighMS = median * 1.01
    record.bound = bound
    if let peak {
      record.gflopsExecuted = 50
      record.peakFraction = 50 / peak
    }
    adjust(&record)
    return record
  }

  private func gate(
    _ old: ResultRecord, _ new: ResultRecord, enforces: Bool = false
  ) -> BaselineGate {
    BaselineGate(old: [old], new: [new], rules: GateRules(), enforces: enforces)
  }

  @Test(arguments: [
    (1.2, GateVerdict.regression), (0.8, .improvement), (1.0, .same), (1.05, .inconclusive),
  ])
  func verdicts(median: Double, expected: GateVerdict) {
    #expect(gate(record(1), record(median)).rows.map(\.verdict) == [expected])
  }

  @Test func aRegressionIsAdviceUnlessEnforced() {
    #expect(gate(record(1), record(1.2)).exit == .passed)
    #expect(gate(record(1), record(1.2), enforces: true).exit == .failed)
    #expect(gate(record(1), record(1), enforces: true).exit == .passed)
  }

  @Test func fewMicrosecondsAreNoRegression() {
    #expect(gate(record(0.05), record(0.06)).rows[0].verdict == .same)
  }

  /// A clock that is 20 % slower makes everything that computes take 25 % longer.
  @Test func timesFollowThePeak() throws {
    let slowed = gate(record(1, peak: 100), record(1.25, peak: 80))
    #expect(slowed.rows[0].verdict == .same)
    #expect(abs(slowed.rows[0].comparison.ratio - 1) < 1e-9)
    // Memory does not follow the core's clock.
    let bound = gate(record(1, peak: 100, bound: .dram), record(1.25, peak: 80, bound: .dram))
    #expect(bound.rows[0].verdict == .regression)
  }

  @Test func otherMachinesAreRefused() {
    #expect(BaselineGate.refusal([record(1)], machine: "cpu") == nil)
    #expect(BaselineGate.refusal([record(1)], machine: "gpu")?.contains("cpu") == true)
    #expect(BaselineGate.refusal([], machine: "cpu") != nil)
    #expect(BaselineGate(refused: "reason").exit == .unmeasured)
  }

  @Test func nothingInCommonIsUnmeasured() {
    #expect(gate(record(1), record(1) { $0.threads = 8 }).exit == .unmeasured)
  }

  @Test func anotherPlanIsComparedAndTold() {
    let gate = gate(record(1) { $0.variant = "f4 fused" }, record(1.2) { $0.variant = "f6 fused" })
    #expect(gate.rows.map(\.verdict) == [.regression])
    #expect(
      gate.notices == [
        "1 rows run another plan than stored: ic1ih4oc1kh1 by direct (f4 fused, now f6 fused)"
      ])
  }

  @Test func aWrongResultFails() {
    #expect(gate(record(1), record(1) { $0.status = .wrong }).exit == .failed)
  }
}
