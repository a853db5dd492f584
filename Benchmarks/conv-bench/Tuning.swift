import Backends
import Foundation
import Measurement
import Reporting

/// The tuning file that the options and the environment name, and `auto` as it reads it.
enum Tuning {
  /// `--tuning`, else `CONV_BENCH_TUNING`, else `conv-bench/tuning.json` in the user's configuration.
  static func path(_ options: Options) -> String {
    if let path = options.tuning { return path }
    if let path = variable("CONV_BENCH_TUNING") { return path }
    return defaultFolder + "/tuning.json"
  }

  private static var defaultFolder: String {
    let configuration = variable("XDG_CONFIG_HOME") ?? NSHomeDirectory() + "/.config"
    return configuration + "/conv-bench"
  }

  private static func variable(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// `auto` with what the file says of this machine. Only a file given by `--tuning` must be there.
  static func backend(_ options: Options) throws(CommandError) -> AutoBackend {
    let path = path(options)
    let file: TuningFile?
    do { file = try TuningFile.read(path: path) } catch { throw .usage("\(error)") }
    guard file != nil || options.tuning == nil else {
      throw .usage("--tuning: there is no \(path); conv-bench tune --tuning \(path) makes it")
    }
    let table =
      file?.table(machine: MachineDescription.current().fingerprint, source: path)
      ?? TuningTable([:], source: path, emptiness: "there is no tuning file \(path)")
    return AutoBackend(table)
  }

  /// Makes sure, before anything is measured, that the file is sound and can be replaced.
  static func requireWritable(_ options: Options) throws -> String {
    let path = path(options)
    if path == defaultFolder + "/tuning.json" {
      try? FileManager.default.createDirectory(
        atPath: defaultFolder, withIntermediateDirectories: true)
    }
    do {
      _ = try TuningFile.read(path: path)
    } catch {
      throw CommandError.usage(error.description)
    }
    try OutputFile(path: path).discard()
    return path
  }

  /// A line that says for which of `cases` `auto` had to guess, and why; nil if for none.
  static func warning(_ cases: [BenchmarkCase]) -> String? {
    let chosen = cases.filter { $0.backend is AutoBackend }
    let guessed = chosen.compactMap { benchmark in
      choice(benchmark)?.absence.map { (benchmark, $0) }
    }
    guard let (first, absence) = guessed.first else { return nil }
    let count = chosen.count > 1 ? " for \(guessed.count) of \(chosen.count) cases" : ""
    let example = chosen.count > 1 ? " (\(first.label))" : ""
    return "auto: chosen by the cost model\(count): \(absence)\(example); run conv-bench tune"
  }

  /// What `auto` takes for a case of its own; nil if the case is another backend's, or declined.
  static func choice(_ benchmark: BenchmarkCase) -> AutoBackend.Choice? {
    guard let auto = benchmark.backend as? AutoBackend else { return nil }
    return try? auto.choice(benchmark.problem, benchmark.options)
  }
}
