import Foundation
import Gate
import Measurement
import Reporting

/// `gate --baseline`: is it slower than stored results say? Advice, unless enforced.
struct BaselineCommand {
  private let options: Options
  private let machine = MachineDescription.current()
  private let json: OutputFile?

  /// Measures what is selected and compares it with the file at `path`.
  static func run(_ options: Options, path: String) throws -> ExitStatus {
    let stored = try CompareCommand.read(path).records
    return try BaselineCommand(options).perform(stored)
  }

  private init(_ options: Options) throws(OutputError) {
    self.options = options
    let file = try options.json.map { path throws(OutputError) in try OutputFile(path: path) }
    Interruption.shared.onSecondSignal { file?.discard() }
    json = file
  }

  private func perform(_ stored: [ResultRecord]) throws -> ExitStatus {
    // The handler keeps the file alive, so that it must be discarded here whatever is thrown.
    defer { json?.discard() }
    let plan = try CasePlan(options)
    let gate: BaselineGate
    if let reason = BaselineGate.refusal(stored, machine: machine.fingerprint) {
      gate = BaselineGate(refused: reason)
    } else {
      for warning in machine.warnings(threads: plan.threads) { Console.note("warning", warning) }
      var rules = GateRules()
      rules.noiseThreshold = options.noiseThreshold
      gate = BaselineGate(
        old: stored, new: try measure(plan), rules: rules, enforces: options.isEnforced,
        isCancelled: Interruption.shared.received != nil)
    }
    let status = ExitStatus(gate.exit)
    try json?.write(
      gate.json(machine: machine.fingerprint, exitCode: Int(status.code)).description + "\n")
    try json?.finish()
    try show(gate)
    return status
  }

  private func measure(_ plan: CasePlan) throws(CommandError) -> [ResultRecord] {
    var settings = options.settings
    let clock = MonotonicClock()
    let start = clock.nanoseconds()
    let timeLimit = options.timeLimit
    settings.allowsDebugBuild =
      ProcessInfo.processInfo.environment["CONV_BENCH_ALLOW_DEBUG"] == "1"
    settings.isCancelled = {
      Interruption.shared.received != nil || clock.seconds(since: start) > timeLimit
    }
    // What is stored was planned by it.
    _ = Wisdom(options.rigor, plan.cases, machine: machine.fingerprint)
    let session: MeasurementSession
    do {
      session = try MeasurementSession(settings: settings)
    } catch {
      throw .unmeasured("\(error)")
    }
    let run = RunFacts(
      date: Date(), commit: machine.build.commit, isDirty: machine.build.isDirty ?? false,
      machine: machine.fingerprint)
    let progress = OutputChoice.progress(options)
    defer { progress.clear() }
    var records: [ResultRecord] = []
    var state = RunProgress(times: true)
    for (place, group) in plan.places where !settings.isCancelled() {
      let results = session.run(group) { event in
        guard state.changes(with: event, at: place) else { return }
        progress.show(
          fraction: state.fraction, elapsed: clock.seconds(since: start), label: state.label)
      }
      records += results.map { ResultRecord($0, run: run) }
    }
    return records
  }

  private func show(_ gate: BaselineGate) throws(OutputError) {
    for notice in gate.notices { Console.note("warning", notice) }
    let slower = gate.rows.count { $0.verdict == .regression }
    if slower > 0, !options.isEnforced {
      Console.note(
        "warning",
        "\(slower) rows seem slower than stored; this is advice (--enforce fails), only gate --base "
          + "measures both side by side")
    }
    guard options.json != "-", !options.isQuiet, !gate.rows.isEmpty else { return }
    try Console.print(gate.text(width: OutputChoice.width, style: OutputChoice.style(options)))
  }
}
