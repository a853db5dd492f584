import Backends
import Convolution
import Foundation
import Reporting
import Testing

@Suite struct RunTests {
  private static let quick = ["--samples", "6", "--warmup", "0"]

  private func run(_ arguments: [String], in folder: Folder) throws -> CommandProcess.Outcome {
    try CommandProcess.run(arguments + Self.quick, in: folder)
  }

  @Test func theTableIsPlainWhenPipedAndEndsWithTotals() throws {
    let outcome = try CommandProcess.run(
      ["--layer", "lenet5-fc4,lenet5-fc5", "--threads", "1"] + Self.quick)
    #expect(outcome.code == 0)
    #expect(
      outcome.output.contains("lenet5-fc4  mb1ic120ih1oc84oh1kh1ph0 · 20.16 kFLOP · 1 thread"))
    #expect(outcome.output.contains("not run: fft (kernel 1x1"))
    #expect(outcome.output.contains("lenet5, 2 layers in all"))
    #expect(!outcome.output.contains("\u{1B}") && !outcome.errors.contains("\r"))
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.last != " " })
  }

  @Test func csvOnStandardOutputIsTheOnlyThingThere() throws {
    let outcome = try CommandProcess.run(
      ["--layer", "lenet5-fc5", "--csv", "-", "--threads", "1", "--bias", "--relu"] + Self.quick)
    #expect(outcome.code == 0)
    #expect(outcome.output.hasPrefix(ResultColumn.names.joined(separator: ",") + "\n"))
    let file = try CSVReader.parse(outcome.output, file: "-")
    #expect(file.notices.isEmpty)
    let rows = Dictionary(uniqueKeysWithValues: file.records.map { ($0.backend, $0) })
    #expect(rows["reference"] == nil, "the truth competes with nobody")
    let direct = try #require(rows["direct"])
    #expect(direct.status == .ok && direct.samples == 6 && direct.direction == "forward+bias+relu")
    #expect(direct.network == "lenet5" && direct.layer == "fc5" && direct.threads == 1)
    let times = [direct.minMS, direct.medianMS, direct.ci95LowMS, direct.ci95HighMS, direct.meanMS]
    #expect(times.allSatisfy { $0.map { $0 > 0 } ?? false })
    #expect(try #require(direct.errorBoundFraction) <= 1)
    let winograd = try #require(rows["winograd"])
    #expect(winograd.status == .unsupported && winograd.reason.contains("1x1"))
    #expect(winograd.medianMS == nil && winograd.gflops == nil)
  }

  @Test func allFilesHoldTheSameRows() throws {
    let folder = try Folder()
    let outcome = try run(
      [
        "--problem", "ic4ih8oc4kh3ph1n\"mine*3\"", "--backend", "all", "--csv", "r.csv", "--json",
        "r.json", "--markdown", "r.md", "--quiet",
      ], in: folder)
    #expect(outcome.code == 0 && outcome.output.isEmpty)
    #expect(folder.names == ["r.csv", "r.json", "r.md"])
    let records = try CSVReader.read(path: "\(folder.path)/r.csv").records
    #expect(records.contains { $0.backend == "reference" })
    #expect(records.allSatisfy { $0.layer == "mine" && $0.multiplicity == 3 && $0.network.isEmpty })
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(folder.bytes("r.json") ?? [])) as? [String: Any])
    let results = try #require(json["results"] as? [[String: Any]])
    #expect(results.map { $0["backend"] as? String } == records.map(\.backend))
    let timed = try #require(results.first { $0["backend"] as? String == "direct" })
    #expect((timed["samples_s"] as? [Double])?.count == 6)
    let environment = try #require(json["environment"] as? [String: Any])
    #expect(environment["cpu"] != nil && environment["commandLine"] != nil)
    #expect(folder.text("r.md")?.contains("## mine ×3") == true)
  }

  @Test func aWholeNetworkEndsWithItsTotals() throws {
    let folder = try Folder()
    let arguments = [
      "--network", "lecture", "--backend", "direct,gemm-1x1", "--samples", "1", "--warmup", "0",
      "--csv", "r.csv",
    ]
    #expect(try run(arguments, in: folder).code == 0)
    let rows = CSVText.rows(folder.text("r.csv") ?? "").map(\.fields)
    let column = Dictionary(uniqueKeysWithValues: rows[0].enumerated().map { ($1, $0) })
    func cell(_ row: [String], _ name: String) -> String { row[column[name]!] }
    let totals = rows.filter { cell($0, "layer") == "total" }
    #expect(totals.map { cell($0, "backend") } == ["direct", "gemm-1x1", "fastest per layer"])
    #expect(totals.map { cell($0, "status") } == ["ok", "unsupported", "ok"])
    try #require(totals.count == 3)
    #expect(totals.map { cell($0, "problem") } == ["", "", ""])
    let results = try CSVReader.read(path: "\(folder.path)/r.csv").records
    #expect(results.count == rows.count - 1 - totals.count)
    let sum = results.reduce(0) { $0 + ($1.medianMS ?? 0) * Double($1.multiplicity) }
    #expect(abs((Double(cell(totals[0], "median_ms")) ?? 0) - sum) < 1e-6 * sum)
    let part = [
      "--layer", "lecture-*", "--filter", "strid", "--backend", "direct", "--samples", "1", "--csv",
      "-",
    ]
    #expect(try !run(part, in: folder).output.contains(",total,"))
  }

  @Test func appendingAddsARun() throws {
    let folder = try Folder()
    let arguments = ["--layer", "lenet5-fc5", "--backend", "direct", "--csv", "r.csv", "--append"]
    #expect(try run(arguments, in: folder).code == 0)
    #expect(try run(arguments, in: folder).code == 0)
    let records = try CSVReader.read(path: "\(folder.path)/r.csv").records
    #expect(records.count == 2 && Set(records.map(\.run.runID)).count == 2)
    try folder.write("r.csv", "a,b\n1,2\n")
    let refused = try run(arguments, in: folder)
    #expect(refused.code == 2 && refused.errorLines.first?.contains("--append") == true)
    #expect(folder.text("r.csv") == "a,b\n1,2\n")
  }

  @Test func variantsBatchesThreadsAndLayoutsMultiply() throws {
    let outcome = try CommandProcess.run([
      "--layer", "vgg-conv3", "--backend", "winograd-f4,direct", "--mb=1,2", "--layout",
      "nchw,native", "--threads", "1", "--isa", "generic", "--dry-run",
    ])
    #expect(outcome.code == 0)
    let labels = outcome.output.split(separator: "\n").compactMap { $0.split(separator: " ").first }
      .filter { $0.contains("/") }
    #expect(labels.count == 2 * 2 * 2 * 2)
    #expect(labels.first == "vgg16-conv3_1/winograd-f4/generic/nchw/1t")
    #expect(outcome.output.contains("16 cases"))
  }

  @Test func equalProblemsOfTwoNetworksAreMeasuredOnce() throws {
    let folder = try Folder()
    let wanted = ["--layer", "alexnet-fc8,vgg16-fc8", "--backend", "gemm-1x1,winograd"]
    let plan = try CommandProcess.run(wanted + ["--dry-run"])
    #expect(plan.output.contains("4 cases, 2 unsupported, 1 measured with an equal one"))
    let outcome = try run(wanted + ["--csv", "r.csv"], in: folder)
    #expect(outcome.code == 0)
    #expect(outcome.output.components(separatedBy: "   measured as alexnet-fc8\n").count == 2)
    let rows = try CSVReader.read(path: "\(folder.path)/r.csv").records.filter { $0.status == .ok }
    #expect(rows.map(\.fullName) == ["alexnet-fc8", "vgg16-fc8"])
    #expect(rows[0].medianMS == rows[1].medianMS && rows[0].stddevMS == rows[1].stddevMS)
    // What differs in anything but the layer's name is measured by itself.
    let byHand = "mb1ic4096oc1000ih1oh1kh1ph0"
    for other in [["--layer", "alexnet-fc8"], ["--layer", "alexnet-fc8", "--problem", byHand]] {
      let plan = try CommandProcess.run(other + ["--dry-run"])
      #expect(!plan.output.contains("measured"))
    }
  }

  @Test func theFilterSeesLayerAndBackend() throws {
    let outcome = try CommandProcess.run(
      ["--network", "alexnet", "--filter", "conv[12]/(direct|im2col)", "--dry-run"])
    #expect(outcome.output.contains("4 cases"))
  }

  @Test func moreThreadsThanThereAreIsAWarning() throws {
    let outcome = try CommandProcess.run([
      "--layer", "lenet5-fc5", "--threads", "4096", "--dry-run",
    ])
    #expect(outcome.code == 0)
    #expect(outcome.errors.hasPrefix("conv-bench: warning: --threads: 4096 is more than the "))
    let most = try #require(
      outcome.errors.split(separator: " ").last.flatMap {
        Int($0.trimmingCharacters(in: .newlines))
      })
    #expect(outcome.output.contains("lenet5-fc5/direct/") && outcome.output.contains("/\(most)t"))
    #expect(!outcome.output.contains("4096t"))
  }

  @Test func checkTakesNoTimes() throws {
    let outcome = try CommandProcess.run(
      ["check", "--layer", "lenet5-conv1", "--csv", "-"], environment: [:])
    #expect(outcome.code == 0)
    let records = try CSVReader.parse(outcome.output, file: "-").records
    #expect(records.contains { $0.status == .ok })
    #expect(records.allSatisfy { $0.medianMS == nil && $0.samples == nil })
    #expect(records.filter { $0.status == .ok }.allSatisfy { $0.checkedOutputs == 4704 })
  }

  @Test func unreadBatchOptionsAreTold() throws {
    let folder = try Folder()
    try folder.write("b.txt", "--dir=FWD_D ic2ih6oc2kh3n\"one\"\n")
    let outcome = try CommandProcess.run(["check", "--batch", "b.txt", "--quiet"], in: folder)
    #expect(outcome.code == 0)
    #expect(outcome.errors.contains("warning: b.txt:1: --dir=FWD_D"))
  }

  @Test func colorIsThereWhenForced() throws {
    let arguments = ["check", "--layer", "lenet5-fc5", "--color"]
    #expect(try CommandProcess.run(arguments + ["always"]).output.contains("\u{1B}["))
    #expect(try !CommandProcess.run(arguments + ["never"]).output.contains("\u{1B}["))
  }

  @Test func listsNameWhatThereIs() throws {
    #expect(try CommandProcess.run(["list", "networks"]).output.contains("VGG-16"))
    let layers = try CommandProcess.run(["list", "layers", "--layer", "vgg-conv3"]).output
    #expect(layers.contains("vgg16-conv3_2  2  3.699  mb1ic256ih56oc256oh56kh3ph1"))
    #expect(try CommandProcess.run(["list", "backends"]).output.contains("winograd"))
    for arguments in [["list", "backends"], ["list"]] {
      let text = try CommandProcess.run(arguments + ["--layer", "zfnet-conv1"]).output
      #expect(text.contains("direct         takes it"))
      #expect(text.contains("winograd       no: kernel 7x7 with stride 2x2, which is 4x4 without"))
    }
  }

  @Test func theMachineIsDescribedAsTextAndJSON() throws {
    #expect(try CommandProcess.run(["machine"]).output.contains("GFLOP/s"))
    let text = try CommandProcess.run(["machine", "--json"]).output
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(json["peaks"] != nil && json["fingerprint"] is String && json["kernels"] == nil)
  }

  @Test func theKernelsAreMeasuredWhenAskedFor() throws {
    let outcome = try CommandProcess.run(["machine", "--json", "--kernels"])
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let kernels = try #require(json["kernels"] as? [[String: Any]])
    for isa in InstructionSet.available {
      let names = kernels.filter { $0["isa"] as? String == isa.rawValue }
        .compactMap { $0["kernel"] as? String }
      let pixels = isa.kernels.max_pixels(2)
      #expect(names.contains("tile \(pixels)x2") && names.contains("row tile \(pixels)x2"))
      #expect(names.contains("strip tile \(isa.kernels.max_strips(1))x1"))
      #expect(names.contains("strip row tile \(isa.kernels.max_strip_channels(1))x1"))
      #expect(names.contains("pair tile \(pixels)x1") == (isa.kernels.pair_tile != nil))
    }
    for kernel in kernels {
      #expect(try #require(kernel["peak_fraction"] as? Double) > 0, "\(kernel)")
    }
  }
}
