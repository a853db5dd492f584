import Backends
import Convolution
import Foundation
import Reporting
import Synchronization
import Testing

@Suite struct TuningFileTests {
  static let problem = try! ConvolutionProblem(
    ic: 3, ih: 8, iw: 9, oc: 4, kh: 3, kw: 3, ph: 1, phr: 0)

  private static func entry(
    _ rows: [(String, Double)], threads: Int = 2, problem: ConvolutionProblem = problem
  ) -> TuningFile.Entry {
    TuningFile.Entry(
      key: .init(problem: problem, isa: .avx2, layout: .native, threads: threads),
      date: "2026-11-21T00:00:00Z",
      ranking: rows.map {
        .init(backend: $0.0, seconds: $0.1, relL2Error: 3.5e-7, workspaceBytes: 64)
      })
  }

  private static let file: TuningFile = {
    var file = TuningFile()
    file.merge([entry([("direct", 2e-3), ("winograd-f4", 1e-3)])], machine: "one \"quoted\"")
    file.merge([entry([("im2col", 5e-6)])], machine: "two")
    return file
  }()

  private func parse(_ text: String) throws -> TuningFile {
    try TuningFile.parse(Data(text.utf8), path: "t.json")
  }

  private func message(_ text: String) -> String {
    do {
      _ = try parse(text)
      return ""
    } catch { return "\(error)" }
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    #expect(try parse(Self.file.text) == Self.file)
    #expect(try parse(TuningFile().text) == TuningFile())
    let candidates = Self.file.text.split(separator: "\n").filter { $0.contains("median_s") }
    #expect(candidates.count == 3, "a line for each backend")
    #expect(candidates[0].contains("winograd-f4"), "fastest first")
  }

  @Test func mergingReplacesAnEntryAndLeavesTheOthers() throws {
    var file = Self.file
    file.merge(
      [Self.entry([("fft-t8", 1)]), Self.entry([("direct", 3)], threads: 1)], machine: "two")
    #expect(file.machines["one \"quoted\""] == Self.file.machines["one \"quoted\""])
    let rankings = (file.machines["two"] ?? [:]).values.sorted { $0.key.threads < $1.key.threads }
    #expect(rankings.map { $0.ranking.map(\.backend) } == [["direct"], ["fft-t8"]])
  }

  @Test func anotherMachineKnowsNothing() throws {
    let key = TuningTable.Key(problem: Self.problem, isa: .avx2, layout: .native, threads: 2)
    #expect(
      Self.file.table(machine: "two", source: "t.json").ranking(key)?.map(\.name) == ["im2col"])
    let other = Self.file.table(machine: "three", source: "t.json")
    #expect(other.ranking(key) == nil)
    let choice = try AutoBackend(other).choice(Self.problem, .init(isa: .generic, threads: 2))
    #expect(choice.note == "cost model: no entry for this machine, three, in t.json")
  }

  @Test(arguments: [
    ("", "is no tuning file, or was cut off"),
    ("[]", "is no tuning file, or was cut off: it is of the wrong type"),
    ("{}", "is no tuning file, or was cut off: it has no 'schema'"),
    (#"{"schema": 2, "machines": {}}"#, "has schema 2, this conv-bench reads 1"),
    (#"{"schema": 1}"#, "it has no 'machines'"),
    (#"{"schema": 1, "machines": {"m": [{}]}}"#, "machines.m.[0] has no 'problem'"),
  ])
  func damageIsNamed(_ text: String, _ expected: String) {
    let message = message(text)
    #expect(message.hasPrefix("t.json: \(expected)"), "\(message)")
    #expect(message.hasSuffix("; repair or remove it, or name another with --tuning"))
  }

  @Test(arguments: [
    ("mb1ic3", "mb1ic0", "problem '"), ("avx2", "mmx", "no instruction set 'mmx'"),
    ("native", "nhwc", "no layout 'nhwc'"), ("\"threads\": 2", "\"threads\": 0", "threads must be"),
    ("0.002", "-1", "direct has a time or an error"), ("0.002", "\"x\"", "is of the wrong type"),
  ])
  func wrongValuesAreNamed(_ old: String, _ new: String, _ expected: String) {
    #expect(message(Self.file.text.replacingOccurrences(of: old, with: new)).contains(expected))
  }

  @Test func anEntryThatStandsTwiceIsNamed() {
    var file = TuningFile()
    file.merge(
      [Self.entry([("direct", 1)], threads: 1), Self.entry([("direct", 1)])], machine: "m")
    let twice = file.text.replacingOccurrences(of: "\"threads\": 1", with: "\"threads\": 2")
    #expect(message(twice).contains("native, 2 threads stands twice under m"))
  }

  @Test func whatIsCutOffAnywhereIsRefused() {
    let text = Self.file.text
    for length in 0..<(text.utf8.count - 2) {
      #expect(!message(String(text.prefix(length))).isEmpty, "\(length)")
    }
  }

  @Test func updatingReadsTheFileFirst() throws {
    let folder = NSTemporaryDirectory() + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/t.json"
    #expect(try TuningFile.read(path: path) == nil)
    for threads in [1, 2] {
      _ = try TuningFile.update(
        path: path, machine: "m", entries: [Self.entry([("direct", 1)], threads: threads)])
    }
    #expect(try TuningFile.read(path: path)?.machines["m"]?.count == 2)
    try "damaged".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: TuningFileError.self) {
      try TuningFile.update(path: path, machine: "m", entries: [])
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "damaged")
    #expect(throws: TuningFileError(description: "cannot read /: is no regular file")) {
      try TuningFile.read(path: "/")
    }
  }

  @Test func updatesAtTheSameTimeLoseNothing() throws {
    let folder = NSTemporaryDirectory() + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/t.json"
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 32) { i in
      do {
        _ = try TuningFile.update(
          path: path, machine: "m", entries: [Self.entry([("direct", 1)], threads: i + 1)])
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    #expect(try TuningFile.read(path: path)?.machines["m"]?.count == 32)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["t.json"])
  }
}
