import Backends
import Convolution
import Foundation
import Measurement
import Reporting

/// Puts what `tune` measures into the tuning file, problem by problem.
final class Tuner {
  private let path: String
  private let machine: String
  private let maxError: Double
  private var written = 0
  private var total = 0

  /// Creates a tuner for the file at `path`, which is known to be sound and writable.
  init(path: String, machine: String, maxError: Double) {
    self.path = path
    self.machine = machine
    self.maxError = maxError
  }

  /// Writes the entries of one problem; those that an interruption cut short are left out.
  ///
  /// - Parameters:
  ///   - results: those that `cases` have by now.
  /// - Returns: for each entry, what `auto` will take.
  func take(_ results: [CaseResult], of cases: [BenchmarkCase]) throws -> [String] {
    let date = Date().formatted(.iso8601)
    let wanted = Dictionary(grouping: cases) { TuningTable.Key($0.problem, $0.options) }
    let found = Dictionary(grouping: results) {
      TuningTable.Key($0.benchmark.problem, $0.benchmark.options)
    }
    let entries = wanted.compactMap { key, cases -> TuningFile.Entry? in
      guard let results = found[key], results.count == cases.count else { return nil }
      let ranking = results.compactMap(TuningFile.Row.init)
      return ranking.isEmpty ? nil : .init(key: key, date: date, ranking: ranking)
    }
    guard !entries.isEmpty else { return [] }
    let file: TuningFile
    do {
      file = try TuningFile.update(path: path, machine: machine, entries: entries)
    } catch let error as TuningFileError {
      throw CommandError.usage(error.description)
    }
    written += entries.count
    total = file.machines[machine]?.count ?? 0
    let auto = AutoBackend(file.table(machine: machine, source: path))
    return entries.sorted {
      ($0.key.layout.rawValue, $0.key.threads) < ($1.key.layout.rawValue, $1.key.threads)
    }
    .map { choice(auto, $0.key, isAlone: entries.count == 1) }
  }

  private func choice(_ auto: AutoBackend, _ key: TuningTable.Key, isAlone: Bool) -> String {
    let options = PlanOptions(
      isa: key.isa, threads: key.threads, layout: key.layout, maxError: maxError)
    let conditions =
      isAlone
      ? "" : " on \(key.threads) thread\(key.threads == 1 ? "" : "s") in \(key.layout.rawValue)"
    do {
      return "auto takes \(try auto.choice(key.problem, options).name)\(conditions)"
    } catch {
      return "auto takes nothing\(conditions): \(error.reason)"
    }
  }

  /// What was written where; nil if nothing was.
  var summary: String? {
    written == 0
      ? nil
      : "\(written) \(written == 1 ? "entry" : "entries") written to \(path), "
        + "which has \(total) for this machine"
  }
}

extension TuningFile.Row {
  /// The row of a result; nil if it has no time or no error.
  init?(_ result: CaseResult) {
    guard result.status == .ok, let seconds = result.statistics?.median, seconds > 0,
      let error = result.check?.relL2Error, error.isFinite
    else { return nil }
    let variant = result.benchmark.options.variant.map { "-" + $0 } ?? ""
    self.init(
      backend: result.benchmark.backend.name + variant, seconds: Self.rounded(seconds),
      relL2Error: Self.rounded(error), workspaceBytes: result.workspaceBytes ?? 0)
  }

  /// Four digits: more would be noise in a diff.
  private static func rounded(_ value: Double) -> Double {
    Double(String(format: "%.4g", value)) ?? value
  }
}
