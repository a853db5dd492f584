import Foundation
import Reporting
import Testing

@Suite struct PhasesTests {
  private static let quick = [
    "--layer", "lenet5-conv2", "--threads", "1", "--samples", "6", "--warmup", "0", "--phases",
  ]

  @Test func phasesAreColumnsAndATable() throws {
    let folder = try Folder()
    let outcome = try CommandProcess.run(
      Self.quick + ["--backend", "winograd,fft,direct", "--csv", "r.csv"], in: folder)
    #expect(outcome.code == 0)
    #expect(!outcome.errors.contains("no case has phases"))
    let records = try CSVReader.parse(try #require(folder.text("r.csv")), file: "r.csv").records
    for name in ["winograd", "fft"] {
      let phases = try #require(records.first { $0.backend == name }).phases
      let times = [phases.inputMS, phases.gemmMS, phases.outputMS]
      #expect(times.allSatisfy { $0.map { $0 > 0 } == true } && phases.waitingMS != nil)
      #expect(phases.inputBound != nil && phases.gemmBound != nil && phases.outputBound != nil)
    }
    #expect(records.first { $0.backend == "direct" }?.phases == PhaseRecord())
    let lines = outcome.output.split(separator: "\n")
    let title = try #require(lines.firstIndex { $0.contains("phases of") })
    #expect(
      Set(lines[title + 1...title + 2].compactMap { $0.split(separator: " ").first })
        == ["winograd", "fft"])
  }

  @Test func withoutPhasesThereIsAWarning() throws {
    let outcome = try CommandProcess.run(Self.quick + ["--backend", "direct"])
    #expect(outcome.code == 0)
    #expect(
      outcome.errors.contains(
        "warning: --phases: no case has phases to be timed; those of winograd and fft have"))
    #expect(!outcome.output.contains("phases of"))
  }
}
