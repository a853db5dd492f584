import Backends
import Convolution
import Foundation
import Measurement
import Reporting

/// `run`, `check` and `tune`: the plan, the measurements, the reports.
struct RunCommand {
  private let options: Options
  private let settings: RunSettings
  private let plan: CasePlan
  private var tuner: Tuner?

  /// Checks, times and reports.
  static func run(_ options: Options) throws -> ExitStatus {
    try RunCommand(options, CasePlan(options), times: true).perform()
  }

  /// Checks and reports.
  static func check(_ options: Options) throws -> ExitStatus {
    try RunCommand(options, CasePlan(options), times: false).perform()
  }

  /// Checks, times and reports everything that `auto` may choose, and writes its tuning file.
  static func tune(_ options: Options) throws -> ExitStatus {
    var command = try RunCommand(options, .tuning(options), times: true)
    guard !options.isDryRun else { return try command.perform() }
    let tuner = Tuner(
      path: try Tuning.requireWritable(options),
      machine: MachineDescription.current().fingerprint, maxError: options.maxError)
    command.tuner = tuner
    // Also after a failure: what was measured before it is in the file.
    defer { if let summary = tuner.summary { Console.note("note", summary) } }
    return try command.perform()
  }

  private init(
    _ options: Options, _ plan: CasePlan, times: Bool
  ) throws(CommandError) {
    self.options = options
    var settings = options.settings
    settings.times = times
    settings.allowsDebugBuild =
      ProcessInfo.processInfo.environment["CONV_BENCH_ALLOW_DEBUG"] == "1"
    settings.isCancelled = { Interruption.shared.received != nil }
    self.settings = settings
    try OutputChoice.validate(options)
    self.plan = plan
  }

  private func perform() throws -> ExitStatus {
    guard !options.isDryRun else {
      try Console.print(DryRun.text(plan, width: OutputChoice.width))
      return .success
    }
    let session = try makeSession()
    var machine = MachineDescription.current()
    machine.libraries.fftwPlanning = options.rigor.fftwName
    let wisdom = Wisdom(options.rigor, plan.cases, machine: machine.fingerprint)
    let outputs = try RunOutputs(
      options, machine: machine, settings: RunOutputs.describe(settings, threads: plan.threads),
      times: settings.times, hasWisdom: wisdom.isAdopted)
    // Only by whoever leaves the machine alone to time is FFTW's measuring worth keeping.
    defer { if settings.times { wisdom.keep() } }
    Interruption.shared.onSecondSignal { outputs.finishInHaste() }
    // Whatever is thrown, finished rows get into their files and no hidden file stays.
    defer { outputs.finishInHaste() }
    if options.selectsNothing {
      Console.note(
        "note", "no layers selected, taking \(WorkItem.defaultNetwork); see --layer, --network")
    }
    if settings.times { outputs.warn(machine.warnings(threads: plan.threads)) }
    if let warning = Tuning.warning(plan.cases) { outputs.warn([warning]) }
    try measure(session, outputs)
    if settings.times && Interruption.shared.received == nil {
      outputs.warn(MachineProfile.shared.driftWarnings())
      if settings.timesPhases && !outputs.hasPhases {
        outputs.warn(["--phases: no case has phases to be timed; those of winograd and fft have"])
      }
    }
    try outputs.finish()
    if let signal = Interruption.shared.received { return .interrupted(signal: signal) }
    return try outputs.status()
  }

  private func makeSession() throws(CommandError) -> MeasurementSession {
    do {
      return try MeasurementSession(settings: settings, profile: settings.times ? .shared : nil)
    } catch {
      throw .unmeasured("\(error) (CONV_BENCH_ALLOW_DEBUG=1 does it nevertheless)")
    }
  }

  private func measure(_ session: MeasurementSession, _ outputs: RunOutputs) throws {
    var measured: [[CaseResult]] = []
    for ((place, group), twin) in zip(plan.places, plan.twins) {
      let results: [CaseResult]
      var remarks: [String] = []
      if let twin {
        results = zip(measured[twin], group).map { $0.named($1) }
        for result in results { outputs.take(.finished(result), place) }
        remarks = ["measured as \(plan.groups[twin][0].layerName)"]
      } else {
        results = session.run(group) { outputs.take($0, place) }
        remarks = try tuner?.take(results, of: group) ?? []
      }
      measured.append(results)
      try outputs.showLayer(results, remarks: remarks)
      if Interruption.shared.received != nil { return }
    }
  }
}

extension CaseResult {
  /// The same result for an equal problem of another layer.
  fileprivate func named(_ benchmark: BenchmarkCase) -> CaseResult {
    var result = self
    result.benchmark = benchmark
    return result
  }
}

extension Options {
  /// Whether no layer, network, problem or file is given.
  var selectsNothing: Bool {
    layers.isEmpty && networks.isEmpty && problems.isEmpty && batchFiles.isEmpty
  }
}
