import Foundation
import Measurement
import Reporting
import Synchronization

/// Everything that a run reports, as it happens and at its end.
///
/// Files are opened before anything is measured. Rows go to the CSV file when their case is done.
final class RunOutputs: Sendable {
  private let run: RunFacts
  private let settings: JSONValue
  private let hasWisdom: Bool
  private let machine: MachineDescription
  private let csv: CSVWriter?
  private let json: OutputFile?
  private let markdown: OutputFile?
  private let table: TerminalTable?
  private let progress: ProgressLine
  private let clock = MonotonicClock()
  private let start: UInt64
  private let state: Mutex<State>

  private struct State {
    var results: [JSONExporter.Result] = []
    var warnings: [String] = []
    var error: OutputError?
    var progress: RunProgress
    var isFinished = false
  }

  /// Opens the files that the options name.
  ///
  /// - Parameters:
  ///   - times: whether the run times its cases, for its progress.
  ///   - hasWisdom: whether FFTW plans by what it learnt in earlier runs.
  init(
    _ options: Options, machine: MachineDescription, settings: JSONValue, times: Bool = true,
    hasWisdom: Bool = false
  ) throws(OutputError) {
    self.hasWisdom = hasWisdom
    state = Mutex(State(progress: RunProgress(times: times)))
    self.machine = machine
    self.settings = settings
    run = RunFacts(
      date: Date(), commit: machine.build.commit, isDirty: machine.build.isDirty ?? false,
      machine: machine.fingerprint)
    json = try options.json.map(OutputFile.init)
    markdown = try options.markdown.map(OutputFile.init)
    csv = try options.csv.map { path throws(OutputError) in
      try CSVWriter(path: path, appends: options.appends)
    }
    let isTableShown = !options.isQuiet && !OutputChoice.usesStandardOutput(options)
    table = isTableShown ? OutputChoice.table(options) : nil
    progress = OutputChoice.progress(options)
    start = clock.nanoseconds()
  }

  // MARK: During the run

  /// Takes an event of the measurement of the problem at `place`.
  func take(_ event: MeasurementEvent, _ place: RunProgress.Place) {
    if case .finished(let result) = event { take(result) }
    let now = state.withLock { $0.progress.changes(with: event, at: place) ? $0.progress : nil }
    guard let now else { return }
    progress.show(
      fraction: now.fraction, elapsed: clock.seconds(since: start), label: now.label)
  }

  private func take(_ result: CaseResult) {
    let record = ResultRecord(result, run: run)
    state.withLock { $0.results.append(.init(record: record, samples: result.samples)) }
    do {
      try csv?.write(record)
    } catch {
      state.withLock { $0.error = $0.error ?? error }
    }
  }

  /// Shows the results of one problem.
  ///
  /// - Throws: what went wrong in writing any row before.
  func showLayer(_ results: [CaseResult], remarks: [String] = []) throws(OutputError) {
    progress.clear()
    if let error = state.withLock(\.error) { throw error }
    guard let table, !results.isEmpty else { return }
    let text = table.layer(results.map { ResultRecord($0, run: run) })
    try Console.print(text + remarks.map { "   \($0)\n" }.joined() + "\n")
  }

  /// Whether the phases of any case were timed.
  var hasPhases: Bool {
    state.withLock { $0.results.contains { $0.record.phases != PhaseRecord() } }
  }

  /// Tells what makes the figures doubtful.
  func warn(_ warnings: [String]) {
    progress.clear()
    for warning in warnings { Console.note("warning", warning) }
    state.withLock { $0.warnings += warnings }
  }

  // MARK: At the end

  /// Shows totals and puts all files in their places; those of a run without any result are dropped.
  func finish() throws(OutputError) {
    progress.clear()
    let (records, isFinished) = state.withLock { state in
      defer { state.isFinished = true }
      return (state.results.map(\.record), state.isFinished)
    }
    guard !isFinished else { return }
    try putFilesInPlace()
    guard let table, !records.isEmpty else { return }
    let totals = table.totals(records)
    try Console.print(totals + (totals.isEmpty ? "" : "\n") + table.legend(records))
  }

  /// The same without tables, when there is no time left.
  func finishInHaste() {
    progress.clear()
    let isFinished = state.withLock { state in
      defer { state.isFinished = true }
      return state.isFinished
    }
    if !isFinished { try? putFilesInPlace() }
  }

  private func putFilesInPlace() throws(OutputError) {
    let (results, warnings) = state.withLock { ($0.results, $0.warnings) }
    guard !results.isEmpty else {
      csv?.discard()
      json?.discard()
      markdown?.discard()
      return
    }
    // Each on its own: a full disk under one must not take the others along.
    var first = state.withLock(\.error)
    func attempt(_ body: () throws(OutputError) -> Void) {
      do { try body() } catch { first = first ?? error }
    }
    attempt { () throws(OutputError) in
      for total in ResultRecord.totals(results.map(\.record)) { try csv?.write(total) }
    }
    attempt { () throws(OutputError) in try csv?.finish() }
    attempt { () throws(OutputError) in
      try json?.write(
        JSONExporter.document(
          results, run: run, settings: settings, environment: environment(), warnings: warnings))
      try json?.finish()
    }
    attempt { () throws(OutputError) in
      try markdown?.write(
        MarkdownExporter.document(results.map(\.record), run: run, warnings: warnings))
      try markdown?.finish()
    }
    json?.discard()
    markdown?.discard()
    if let first { throw first }
  }

  private func environment() -> JSONValue {
    guard case .object(let members) = JSONValue(encoding: machine) else { return .null }
    let load = MachineDescription.currentLoadAverage().map(JSONValue.number)
    return .object(
      members + [
        .init("fftwWisdom", .bool(hasWisdom)), .init("loadAverageAtEnd", .array(load)),
      ])
  }

  /// How the command ends: a wrong result counts more than one that is missing.
  func status() throws(CommandError) -> ExitStatus {
    let records = state.withLock { $0.results.map(\.record) }
    let failed = records.filter { $0.status == .failed }
    if records.contains(where: { $0.status == .wrong }) { return .wrong }
    if let first = failed.first {
      throw .unmeasured(
        "\(failed.count) of \(records.count) cases could not be measured: "
          + "\(first.fullName) by \(first.backendName): \(first.reason)")
    }
    guard records.contains(where: { $0.status == .ok }) else {
      let reason = records.first.map { "\($0.fullName) by \($0.backendName): \($0.reason)" } ?? ""
      throw .unmeasured("no case left, all are unsupported: \(reason)")
    }
    return .success
  }

  /// What was asked for, by name.
  static func describe(_ settings: RunSettings, threads: Int) -> JSONValue {
    let sampling = settings.sampling
    return .object([
      .init("times", .bool(settings.times)), .init("checks", .bool(settings.checks)),
      .init("seed", .unsigned(settings.seed)), .init("min_time_s", .number(sampling.minTime)),
      .init("warmup_s", .number(sampling.warmup)),
      .init("samples", sampling.samples.map(JSONValue.integer) ?? .null),
      .init("timeout_s", sampling.timeout.map(JSONValue.number) ?? .null),
      .init("cold", .bool(sampling.isCold)), .init("phases", .bool(settings.timesPhases)),
      .init("max_threads", .integer(threads)),
    ])
  }
}
