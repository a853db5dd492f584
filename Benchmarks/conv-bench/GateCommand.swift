import Foundation
import Gate
import Measurement
import Networks
import Reporting

/// `gate`: has it got slower than the base?
struct GateCommand {
  private let options: Options
  private let settings: GateSettings
  private let json: OutputFile?

  /// Compares this executable with the base.
  static func run(_ options: Options) throws -> ExitStatus {
    let bases = [options.base, options.baseRevision, options.baseline].compactMap(\.self)
    guard bases.count == 1 else {
      throw CommandError.usage("gate: give one of --base PATH, --base-ref REV, --baseline FILE")
    }
    var options = options
    options.backends = try BackendChoice.implementations(options)
    if let path = options.baseline { return try BaselineCommand.run(options, path: path) }
    return try GateCommand(options).perform()
  }

  private init(_ options: Options) throws {
    self.options = options
    var settings = GateSettings()
    settings.rules.noiseThreshold = options.noiseThreshold
    settings.timeLimit = options.timeLimit
    settings.seed = options.settings.seed
    settings.allowsDebugBuild =
      ProcessInfo.processInfo.environment["CONV_BENCH_ALLOW_DEBUG"] == "1"
    settings.isCancelled = { Interruption.shared.received != nil }
    self.settings = settings
    let file = try options.json.map { path throws(OutputError) in try OutputFile(path: path) }
    Interruption.shared.onSecondSignal {
      GateRemains.clear()
      file?.discard()
    }
    json = file
  }

  private func perform() throws -> ExitStatus {
    // The handler keeps the file alive, so that it must be discarded here whatever is thrown.
    defer { json?.discard() }
    let machine = MachineDescription.current()
    let cases = try CasePlan(options).cases
    for warning in machine.warnings(threads: cases.map(\.options.threads).max() ?? 1) {
      Console.note("warning", warning)
    }
    let gateCases = cases.map { GateCase($0, seed: options.settings.seed) }
    let report = measure(gateCases)
    let status = ExitStatus(report.exit)
    try json?.write(
      report.json(machine: machine.fingerprint, exitCode: Int(status.code)).description + "\n")
    try json?.finish()
    if let error = report.error { Console.note("error", error) }
    guard options.json != "-", !options.isQuiet, !report.rows.isEmpty else { return status }
    try Console.print(
      report.text(width: OutputChoice.width, style: OutputChoice.style(options)))
    return status
  }

  /// Runs the gate against an executable that is there, or is built first.
  private func measure(_ cases: [GateCase]) -> GateReport {
    if let base = options.base { return measure(cases, base: base, settings) }
    let revision = options.baseRevision ?? ""
    let clock = MonotonicClock()
    let start = clock.nanoseconds()
    Console.note("note", "building \(revision), which counts towards --time-limit")
    let build = BaseBuild(
      revision: revision, timeLimit: settings.timeLimit, isCancelled: settings.isCancelled)
    defer { build.remove() }
    do {
      let executable = try build.make()
      var settings = settings
      settings.timeLimit -= clock.seconds(since: start)
      return measure(cases, base: executable, settings)
    } catch {
      return .failure(error.message, error.exit, base: revision, settings: settings)
    }
  }

  private func measure(_ cases: [GateCase], base: String, _ settings: GateSettings) -> GateReport {
    let progress = OutputChoice.progress(options)
    defer { progress.clear() }
    let clock = MonotonicClock()
    let start = clock.nanoseconds()
    let runner = GateRunner(base: base, candidate: Self.executable, settings: settings)
    return runner.run(cases) { now in
      let wanted = Double(now.blocksDone + now.blocksWanted)
      let confirming = now.confirming > 0 ? ", \(now.confirming) to confirm" : ""
      progress.show(
        fraction: wanted > 0 ? Double(now.blocksDone) / wanted : 1,
        elapsed: clock.seconds(since: start),
        label: "\(now.rowsLeft) of \(now.rows) rows left\(confirming)")
    }
  }

  /// This program.
  private static var executable: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
  }
}

extension ExitStatus {
  /// How the command ends when a gate ends so.
  init(_ exit: GateExit) {
    switch exit {
    case .passed: self = .success
    case .failed: self = .wrong
    case .badBase: self = .usage
    case .unmeasured: self = .unmeasured
    case .cancelled: self = .interrupted(signal: Interruption.shared.received ?? SIGINT)
    }
  }
}

extension GateCase {
  /// The case as the gate's workers are told it.
  init(_ benchmark: BenchmarkCase, seed: UInt64) {
    self.init(
      network: benchmark.network, layer: benchmark.layer,
      worker: WorkerCase(
        problem: ProblemDescriptor.format(benchmark.problem), backend: benchmark.backend.name,
        variant: benchmark.options.variant, isa: benchmark.options.isa.rawValue,
        layout: benchmark.options.layout.rawValue, threads: benchmark.options.threads,
        bias: benchmark.options.bias, relu: benchmark.options.relu, seed: seed))
  }
}
