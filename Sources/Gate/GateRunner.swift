import Convolution
import Foundation
import Measurement

/// Compares two executables of conv-bench, row by row, in fresh processes on this machine.
///
/// A *block* starts a base, a candidate and a second base, makes one after the other ready, and times
/// them in a random order and then in its mirror (A B A′ A′ B A), one at a time. `GateFamily` decides.
public struct GateRunner {
  private let base: String
  private let candidate: String
  private let settings: GateSettings
  private let environment: [String: String]

  /// Creates a gate.
  ///
  /// - Parameters:
  ///   - base: path of the executable to compare with.
  ///   - candidate: path of the executable that may have got slower.
  ///   - environment: of the workers; what slows the candidate down in tests is kept from the base.
  public init(
    base: String, candidate: String, settings: GateSettings,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.base = base
    self.candidate = candidate
    self.settings = settings
    self.environment = environment
  }

  /// Runs the gate to its end; whatever goes wrong is in the report.
  public func run(
    _ cases: [GateCase], onProgress: (GateProgress) -> Void = { _ in }
  ) -> GateReport {
    let start = MonotonicClock().nanoseconds()
    let deadline = Deadline(after: settings.timeLimit)
    var report = GateReport.failure(
      "no row to compare", .unmeasured, base: base, settings: settings)
    guard !cases.isEmpty else { return report }
    if let trouble = Self.trouble(base) {
      return .failure(trouble, .badBase, base: base, settings: settings)
    }
    do {
      report.baseCommit = try commit(.base, deadline)
      report.candidateCommit = try commit(.candidate, deadline)
    } catch {
      report.error = text(error)
      report.exit = error == .cancelled ? .cancelled : .unmeasured
      return report
    }
    report.error = nil
    let isCancelled = measure(cases, deadline, &report, onProgress)
    report.exit = isCancelled ? .cancelled : GateReport.exit(report.rows)
    report.seconds = MonotonicClock().seconds(since: start)
    return report
  }

  /// What keeps `path` from being a program at all.
  static func trouble(_ path: String) -> String? {
    var info = stat()
    guard stat(path, &info) == 0 else {
      return "base \(path): \(String(cString: strerror(errno)))"
    }
    guard info.st_mode & S_IFMT == S_IFREG else { return "base \(path) is not a file" }
    return access(path, X_OK) == 0 ? nil : "base \(path) is not executable"
  }

  /// Starts a worker only to hear who it is.
  private func commit(_ arm: GateArm, _ deadline: Deadline) throws(WorkerFault) -> String? {
    let worker = try GateWorkerProcess(arm, setting(arm, isNamed: true), deadline: deadline)
    defer { worker.end() }
    try worker.greet()
    return worker.commit
  }

  private func setting(_ arm: GateArm, isNamed: Bool = false) -> WorkerSetting {
    var environment = environment
    environment[GateWorker.anonymousVariable] = isNamed ? nil : "1"
    if arm != .candidate { environment[GateWorker.slowdownVariable] = nil }
    // A crash is told by its signal; the runtime's own report takes seconds.
    environment["SWIFT_BACKTRACE"] = "enable=no"
    return WorkerSetting(
      executable: arm == .candidate ? candidate : base, environment: environment,
      allowsDebugBuild: settings.allowsDebugBuild, patience: settings.patience,
      isCancelled: settings.isCancelled)
  }

  private func text(_ fault: WorkerFault) -> String {
    switch fault {
    case .broken(let text), .declined(let text), .wrong(let text): text
    case .timeIsUp: "the time limit of \(Int(settings.timeLimit.rounded())) s is over"
    case .cancelled: "interrupted"
    }
  }

  // MARK: Rounds

  /// Takes rounds of blocks until every row has its verdict; returns whether it was cancelled.
  private func measure(
    _ cases: [GateCase], _ deadline: Deadline, _ report: inout GateReport,
    _ onProgress: (GateProgress) -> Void
  ) -> Bool {
    var family = GateFamily(rules: settings.rules, rowCount: cases.count)
    var rows = cases.map { RowState(worker: $0.worker) }
    var random = SplitMix64(seed: settings.seed)
    var blocksDone = 0
    var isCancelled = false

    rounds: while !family.openRows.isEmpty {
      for row in family.openRows.shuffled(using: &random) {
        do {
          let block = try takeBlock(&rows[row], deadline, &random)
          family.add(block, to: row)
          blocksDone += 1
        } catch {
          switch error {
          case .cancelled, .timeIsUp:
            isCancelled = error == .cancelled
            family.stop(because: text(error))
            break rounds
          case .broken, .declined, .wrong:
            rows[row].fault = error
            family.fail(row, because: text(error))
          }
        }
        onProgress(
          GateProgress(
            rowsLeft: family.openRows.count, rows: cases.count, blocksDone: blocksDone,
            blocksWanted: family.blocksWanted,
            confirming: family.rows.count { $0.isConfirming }, label: cases[row].label))
      }
      family.decide()
    }
    report.rows = cases.indices.map { rows[$0].report(cases[$0], family.rows[$0]) }
    return isCancelled
  }

  /// What is known of a row from its first block on.
  private struct RowState {
    let worker: WorkerCase
    /// Calls of a sample, the same in all arms and blocks.
    var calls = 0
    var wisdom: String?
    var variants: [GateArm: String] = [:]
    var fault: WorkerFault?
    /// The arm whose build does not take the case.
    var declinedBy: GateArm?

    init(worker: WorkerCase) { self.worker = worker }

    func report(_ gateCase: GateCase, _ row: GateRow) -> GateRowReport {
      GateRowReport(
        gateCase: gateCase, result: result(row), baseVariant: variants[.base] ?? "",
        candidateVariant: variants[.candidate] ?? "", callsPerSample: calls, blocks: row.blocks,
        confirmation: row.confirmation)
    }

    private func result(_ row: GateRow) -> GateRowResult {
      switch (fault, declinedBy) {
      case (.declined(let reason), .base): return .skipped("the base does not take it: \(reason)")
      case (.wrong(let reason), _) where reason.hasPrefix(GateArm.candidate.title):
        return .wrong(reason)
      default: return .compared(row.outcome!)
      }
    }
  }

  // MARK: One block

  private func takeBlock(
    _ row: inout RowState, _ deadline: Deadline, _ random: inout SplitMix64
  ) throws(WorkerFault) -> GateBlock {
    var workers: [GateArm: GateWorkerProcess] = [:]
    defer { for worker in workers.values { worker.end() } }
    for arm in GateArm.allCases {
      workers[arm] = try GateWorkerProcess(arm, setting(arm), deadline: deadline)
    }
    for arm in GateArm.allCases { try workers[arm]!.greet() }
    let order = GateArm.allCases.shuffled(using: &random)
    let isFirst = row.calls == 0
    let checkSeed = random.next()
    // The first block's base chooses the number of calls and makes FFTW's plans for all.
    for arm in isFirst ? GateArm.allCases : order {
      try prepare(arm, workers[arm]!, &row, checkSeed, check: isFirst ? .full : .sample)
    }
    var samples: [GateArm: [Double]] = [:]
    var (total, waited) = (0.0, 0.0)
    for arm in order + order.reversed() {
      let sample = try workers[arm]!.measure(
        calls: row.calls, expected: settings.sampleSeconds)
      samples[arm, default: []].append(sample.seconds / Double(row.calls))
      total += sample.seconds
      waited += sample.waited
    }
    return GateBlock(
      base: samples[.base]!, candidate: samples[.candidate]!, secondBase: samples[.secondBase]!,
      waited: waited / total)
  }

  private func prepare(
    _ arm: GateArm, _ worker: GateWorkerProcess, _ row: inout RowState, _ checkSeed: UInt64,
    check: TimedConvolution.CheckExtent
  ) throws(WorkerFault) {
    do {
      let ready = try worker.prepare(
        row.worker, check: check, checkSeed: checkSeed, warmup: settings.warmup,
        wisdom: row.wisdom)
      row.variants[arm] = ready.variant
      if row.wisdom == nil { row.wisdom = ready.wisdom }
      if row.calls == 0 {
        row.calls = max(1, Int((settings.sampleSeconds / ready.callSeconds).rounded(.up)))
      }
    } catch .declined(let reason) {
      row.declinedBy = arm
      throw .declined(
        arm == .base ? reason : "the \(arm.title) does not take what the base takes: \(reason)")
    }
  }
}
