import Backends
import Convolution
import Foundation
import Glibc
import Measurement
import Reporting
import Testing

@testable import conv_bench

@Suite struct TuneTests {
  private static let quick = ["--samples", "6", "--warmup", "0", "--threads", "1"]
  private static let machine = MachineDescription.current().fingerprint

  private func tune(_ arguments: [String], in folder: Folder) throws -> CommandProcess.Outcome {
    try CommandProcess.run(["tune"] + arguments + Self.quick, in: folder)
  }

  private func entries(_ folder: Folder, _ name: String = "t.json") throws -> [TuningFile.Entry] {
    let file = try TuningFile.read(path: "\(folder.path)/\(name)")
    return Array((file?.machines[Self.machine] ?? [:]).values)
  }

  /// A file in which `rows` of backend, seconds and error stand for lenet5-conv2.
  private func write(_ rows: [(String, Double, Double)], in folder: Folder) throws {
    let problem = try ConvolutionProblem(ic: 6, ih: 14, iw: 14, oc: 16, kh: 5, kw: 5)
    var file = TuningFile()
    file.merge(
      [
        .init(
          key: .init(problem: problem, isa: .best, layout: .nchw, threads: 1), date: "",
          ranking: rows.map {
            .init(backend: $0.0, seconds: $0.1, relL2Error: $0.2, workspaceBytes: 0)
          })
      ], machine: Self.machine)
    try folder.write("t.json", file.text)
  }

  private func auto(_ arguments: [String], in folder: Folder) throws -> ResultRecord {
    let outcome = try CommandProcess.run(
      ["check", "--layer", "lenet5-conv2", "--backend", "auto", "--threads", "1", "--csv", "-"]
        + arguments, in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    return try #require(try CSVReader.parse(outcome.output, file: "-").records.first)
  }

  @Test func autoTakesWhatTuneMeasured() throws {
    let folder = try Folder()
    let layers = ["--layer", "lenet5-fc4,lenet5-fc5"]
    let outcome = try tune(layers + ["--csv", "r.csv"], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(
      outcome.output.contains("lenet5-fc4  mb1ic120") && outcome.output.contains("auto takes "))
    let path = "\(folder.path)/conv-bench/tuning.json"
    #expect(
      outcome.errors.hasSuffix("note: 2 entries written to \(path), which has 2 for this machine\n")
    )
    let written = try entries(folder, "conv-bench/tuning.json")
    let records = try CSVReader.read(path: "\(folder.path)/r.csv").records
    let problem = try #require(records.first).problem
    let fc4 = try #require(written.first { $0.key.problem.ic == 120 })
    let timed = records.filter { $0.problem == problem && $0.status == .ok }
    #expect(Set(fc4.ranking.map(\.backend)) == Set(timed.map(\.backend)))

    let own = fc4.ranking.first { $0.backend != "onednn" }
    let listed = try CommandProcess.run(
      ["list", "backends", "--layer", "lenet5-fc4", "--threads", "1"], in: folder)
    #expect(listed.output.contains("takes it: \(own?.backend ?? "?"), tuned"))
    // Of its own accord `run` adds it where the file knows the problem, and so to the totals.
    let run = try CommandProcess.run(
      ["--layer", "lenet5-fc4,lenet5-fc5,lenet5-conv1", "--csv", "-"] + Self.quick, in: folder)
    let autos = try CSVReader.parse(run.output, file: "-").records.filter { $0.backend == "auto" }
    #expect(autos.map(\.layer) == ["fc4", "fc5"] && autos.allSatisfy { $0.reason == "tuned" })
    #expect(!run.errors.contains("cost model"))
    #expect(NetworkTotal.totals(autos).first?.backend == "auto")
  }

  /// Another `tune`, which this test plays, has read the file and not yet replaced it.
  @Test func whatAnotherTuneWritesMeanwhileStays() throws {
    let folder = try Folder()
    try write([("direct", 1, 1e-7)], in: folder)
    let path = "\(folder.path)/t.json"
    let lock = open(path, O_RDWR)
    #expect(flock(lock, LOCK_EX) == 0)
    var file = try #require(try TuningFile.read(path: path))
    let process = try CommandProcess(
      ["tune", "--layer", "lenet5-fc5", "--tuning", "t.json"] + Self.quick, in: folder,
      environment: ["CONV_BENCH_ALLOW_DEBUG": "1"])
    let waits = " \(process.identifier) "
    var isWaiting = false
    for _ in 0..<6000 where !isWaiting && process.isRunning {
      usleep(10_000)
      isWaiting = (try String(contentsOfFile: "/proc/locks", encoding: .utf8))
        .split(separator: "\n").contains { $0.contains("-> FLOCK") && $0.contains(waits) }
    }
    #expect(isWaiting, "it must wait for the other")
    file.merge(
      [
        .init(
          key: .init(
            problem: try ConvolutionProblem(ic: 1, ih: 2, iw: 2, oc: 1, kh: 1, kw: 1), isa: .best,
            layout: .nchw, threads: 1), date: "",
          ranking: [.init(backend: "direct", seconds: 1, relL2Error: 0, workspaceBytes: 0)])
      ], machine: Self.machine)
    try file.text.write(toFile: path, atomically: true, encoding: .utf8)
    close(lock)
    let outcome = process.outcome()
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("1 entry written to t.json, which has 3 for this machine"))
    #expect(Set(try entries(folder).map(\.key.problem.ic)) == [6, 1, 84])
    #expect(folder.names.filter { $0.contains("t.json") } == ["t.json"])
  }

  @Test func theErrorLimitIsKept() throws {
    let folder = try Folder()
    try write([("winograd-f4", 1, 2e-5), ("fft-t8", 2, 2e-7), ("direct", 3, 1e-7)], in: folder)
    let file = ["--tuning", "t.json"]
    #expect(try auto(file, in: folder).variant == "fft-t8")
    #expect(try auto(file + ["--max-error", "1e-4"], in: folder).variant == "winograd-f4")
    #expect(try auto(file + ["--max-error", "1.5e-7"], in: folder).variant == "direct")
    let none = try CommandProcess.run(
      [
        "check", "--layer", "lenet5-conv2", "--backend", "auto", "--threads", "1", "--max-error",
        "1e-9",
      ]
        + file, in: folder)
    #expect(
      none.code == 3 && none.errorLines.first?.contains("nothing is as accurate as 1e-09") == true)
  }

  @Test func theCostModelIsAnnounced() throws {
    let folder = try Folder()
    let outcome = try CommandProcess.run(
      ["check", "--layer", "lenet5-conv1,lenet5-conv2", "--backend", "auto", "--csv", "-"],
      in: folder)
    #expect(outcome.code == 0)
    let warnings = outcome.errors.split(separator: "\n").filter { $0.contains("cost model") }
    #expect(warnings.count == 1)
    #expect(
      warnings.first?.contains("for 2 of 2 cases: there is no tuning file \(folder.path)/") == true)
    let records = try CSVReader.parse(outcome.output, file: "-").records
    #expect(records.allSatisfy { $0.reason.hasPrefix("cost model: there is no tuning file ") })
    try write([("direct", 1, 1e-7)], in: folder)
    let record = try auto(["--tuning", "t.json", "--mb", "2"], in: folder)
    #expect(record.reason == "cost model: no entry for this problem in t.json")
  }

  @Test func theEnvironmentNamesTheFile() throws {
    let folder = try Folder()
    try write([("fft-t8", 1, 1e-7)], in: folder)
    let outcome = try CommandProcess.run(
      ["list", "backends", "--layer", "lenet5-conv2", "--threads", "1"], in: folder,
      environment: ["CONV_BENCH_TUNING": "t.json"])
    #expect(outcome.output.contains("takes it: fft-t8, tuned"))
  }

  @Test func otherEntriesAndMachinesStay() throws {
    let folder = try Folder()
    var file = TuningFile()
    let key = TuningTable.Key(
      problem: try ConvolutionProblem(ic: 1, ih: 1, iw: 1, oc: 1, kh: 1, kw: 1), isa: .avx512,
      layout: .native, threads: 9)
    let entry = TuningFile.Entry(
      key: key, date: "then",
      ranking: [.init(backend: "direct", seconds: 1, relL2Error: 0, workspaceBytes: 0)])
    file.merge([entry], machine: "elsewhere")
    file.merge([entry], machine: Self.machine)
    try folder.write("t.json", file.text)
    #expect(try tune(["--layer", "lenet5-fc5", "--tuning", "t.json"], in: folder).code == 0)
    let after = try #require(try TuningFile.read(path: "\(folder.path)/t.json"))
    #expect(after.machines["elsewhere"] == file.machines["elsewhere"])
    #expect(after.machines[Self.machine]?.count == 2)
    #expect(after.machines[Self.machine]?[key] == entry)
    #expect(folder.names == ["t.json"])
  }

  @Test(arguments: [
    "tune", "run --backend auto --dry-run", "check --backend auto", "list backends",
    "run --dry-run",
  ])
  func aDamagedFileIsRefusedAndStays(_ command: String) throws {
    for text in ["{", #"{"schema": 7, "machines": {}}"#] {
      let folder = try Folder()
      try folder.write("t.json", text)
      let outcome = try CommandProcess.run(
        command.split(separator: " ").map(String.init)
          + ["--layer", "lenet5-fc5", "--tuning", "t.json"], in: folder)
      #expect(outcome.code == 2 && outcome.errorLines.count == 1)
      #expect(outcome.errorLines.first?.contains("error: t.json: ") == true, "\(outcome.errors)")
      #expect(folder.text("t.json") == text && outcome.output.isEmpty)
    }
  }

  /// Arguments with blanks between them, and what the error says.
  @Test(arguments: [
    (
      "check --layer lenet5-fc5 --backend auto --tuning none.json",
      "--tuning: there is no none.json"
    ),
    ("tune --layer lenet5-fc5 --tuning none/t.json", "cannot write none/t.json: No such file"),
    ("tune --layer lenet5-fc5 --tuning /", "cannot read /: is no regular file"),
    ("tune --tuning -", "--tuning: '-' is no file"),
    ("tune --backend direct", "--backend: tune does not take it"),
    ("run --max-error 0", "--max-error: '0' is not an error"),
    ("run --max-error inf", "--max-error: 'inf' is not an error"),
    ("gate --base /bin/true --backend auto", "--backend: auto is a choice among backends"),
    ("run --backend auto --variant f4", "--variant: no backend selected has a variant 'f4'"),
  ])
  func wrongUsage(_ arguments: String, _ message: String) throws {
    let outcome = try CommandProcess.run(arguments.split(separator: " ").map(String.init))
    #expect(outcome.code == 2 && outcome.errorLines.count == 1)
    #expect(outcome.errorLines.first?.contains(message) == true, "\(outcome.errors)")
  }

  @Test func theFilterSelectsLayers() throws {
    let outcome = try CommandProcess.run(
      ["tune", "--network", "lenet5", "--filter", "conv1", "--dry-run", "--threads", "1"])
    let labels = outcome.output.split(separator: "\n").filter { $0.contains("/1t") }
    #expect(labels.allSatisfy { $0.hasPrefix("lenet5-conv1/") })
    #expect(labels.count == AutoBackend.candidates.count + 1)
  }

  /// What an interruption left of a comparison is none.
  @Test func entriesAreWholeOrNotThere() throws {
    let folder = try Folder()
    let problem = try ConvolutionProblem(ic: 1, ih: 1, iw: 1, oc: 1, kh: 1, kw: 1)
    let cases = [1, 2].flatMap { threads in
      ["direct", "im2col"].map {
        BenchmarkCase(
          network: "", layer: "", problem: problem, backend: BackendList.named($0)!,
          options: .init(isa: .generic, threads: threads))
      }
    }
    let results = cases.map { benchmark in
      var result = CaseResult(benchmark, status: .ok, seed: 1)
      result.samples = [benchmark.backend.name == "direct" ? 1.23456e-3 : 2e-3]
      result.check = CheckOutcome(
        checkedOutputs: 1, maxAbsError: 0, relL2Error: 1e-7, errorBoundFraction: 0)
      return result
    }
    let tuner = Tuner(path: "\(folder.path)/t.json", machine: Self.machine, maxError: 1e-5)
    #expect(try tuner.take(Array(results.prefix(1)), of: cases).isEmpty)
    #expect(folder.names.isEmpty && tuner.summary == nil)
    #expect(try tuner.take(Array(results.prefix(3)), of: cases) == ["auto takes direct"])
    let written = try entries(folder)
    #expect(written.map(\.key.threads) == [1])
    #expect(written.first?.ranking.map(\.seconds) == [1.235e-3, 2e-3])
  }

  @Test func finishedProblemsSurviveASignal() throws {
    let folder = try Folder()
    // The second problem takes minutes.
    let command = try CommandProcess(
      [
        "tune", "--layer", "lenet5-fc5", "--problem", "ic256ih112oc256kh3ph1", "--tuning", "t.json",
        "--threads", "1", "--samples", "6", "--warmup", "0",
      ], in: folder, environment: ["CONV_BENCH_ALLOW_DEBUG": "1"])
    for _ in 0..<6000 where !folder.names.contains("t.json") { usleep(10_000) }
    command.send(SIGINT)
    usleep(300_000)
    command.send(SIGINT)
    #expect(command.outcome().code == 130)
    #expect(try entries(folder).map(\.key.problem.oc) == [10])
    #expect(folder.names == ["t.json"])
  }

  @Test func convolveTakesIt() throws {
    let folder = try Folder()
    func save(_ name: String, _ shape: [Int]) throws {
      let count = shape.reduce(1, *)
      try folder.write(
        name, NumPyFile.bytes(NumPyArray(shape: shape, values: (0..<count).map { Float($0 % 7) })))
    }
    try save("x.npy", [6, 14, 14])
    try save("w.npy", [16, 6, 5, 5])
    let files = ["convolve", "--src", "x.npy", "--wei", "w.npy", "--threads", "1", "--dst"]
    #expect(try CommandProcess.run(files + ["d.npy", "--backend", "direct"], in: folder).code == 0)
    let guessed = try CommandProcess.run(files + ["a.npy", "--backend", "auto"], in: folder)
    #expect(guessed.code == 0)
    #expect(guessed.errors.contains("warning: auto: chosen by the cost model: there is no tuning"))
    try write([("im2col", 1, 1e-7)], in: folder)
    let tuned = try CommandProcess.run(
      files + ["t.npy", "--backend", "auto", "--tuning", "t.json"], in: folder)
    #expect(tuned.code == 0 && !tuned.errors.contains("auto"))
    #expect(folder.bytes("t.npy") == folder.bytes("d.npy"))
  }
}
