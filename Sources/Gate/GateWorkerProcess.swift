import Foundation
import Measurement

/// Which executable a worker is of.
enum GateArm: String, CaseIterable, Sendable {
  case base
  case candidate
  /// The base once more: what the machine makes of no difference.
  case secondBase

  /// As messages call it.
  var title: String { self == .candidate ? "candidate" : "base" }
}

/// What goes wrong with a worker, in a line that names it.
enum WorkerFault: Error, Hashable {
  /// It cannot be started, ends, hangs or talks nonsense.
  case broken(String)
  /// Its build does not take the case.
  case declined(String)
  /// Its results are wrong.
  case wrong(String)
  /// The gate's time is up.
  case timeIsUp
  /// The user has had enough.
  case cancelled
}

/// Where a gate's workers come from and how long they may take.
struct WorkerSetting: Sendable {
  /// The program of each arm.
  let executable: String
  /// Its environment.
  let environment: [String: String]
  let allowsDebugBuild: Bool
  /// Seconds for any answer.
  let patience: Double
  let isCancelled: @Sendable () -> Bool
}

/// The gate's side of one worker.
final class GateWorkerProcess {
  private let arm: GateArm
  private let child: ChildProcess
  private let setting: WorkerSetting
  private let deadline: Deadline
  /// The commit that the worker was built from; nil if it does not know.
  private(set) var commit: String?

  /// Starts a worker; `greet` hears its first line.
  init(_ arm: GateArm, _ setting: WorkerSetting, deadline: Deadline) throws(WorkerFault) {
    self.arm = arm
    self.setting = setting
    self.deadline = deadline
    do {
      child = try ChildProcess(
        path: setting.executable, arguments: ["worker"], environment: setting.environment)
    } catch {
      throw .broken("\(arm.title) \(setting.executable) cannot be started: \(error.reason)")
    }
  }

  /// Kills the worker.
  func end() { child.end() }

  /// Hears who it is.
  func greet() throws(WorkerFault) {
    let line = try readLine(to: "hello", seconds: setting.patience)
    if let version = WorkerLine.protocolVersion(line), version != WorkerReply.currentProtocol {
      throw .broken(
        "\(arm.title) speaks version \(version) of the gate's protocol, this conv-bench "
          + "\(WorkerReply.currentProtocol): compare builds of which both speak the same")
    }
    guard case .hello(_, let isOptimized, let commit)? = Self.decode(line) else {
      throw .broken(
        "\(arm.title) \(setting.executable) is no conv-bench with a gate, it said: "
          + Self.quoted(line))
    }
    guard isOptimized || setting.allowsDebugBuild else {
      throw .broken(
        "\(arm.title) \(setting.executable) is a debug build, its times mean nothing: "
          + "build with swift build -c release")
    }
    self.commit = commit
  }

  /// Makes it ready; returns seconds of a call, the plan's description and FFTW's wisdom.
  func prepare(
    _ worker: WorkerCase, check: TimedConvolution.CheckExtent, checkSeed: UInt64, warmup: Double,
    wisdom: String?
  ) throws(WorkerFault) -> (callSeconds: Double, variant: String, wisdom: String) {
    let reply = try ask(
      .prepare(case: worker, check: check, checkSeed: checkSeed, warmup: warmup, wisdom: wisdom),
      named: "prepare", seconds: setting.patience + warmup)
    switch reply {
    case .ready(let callSeconds, let variant, _, let wisdom) where callSeconds > 0:
      return (callSeconds, variant, wisdom)
    case .declined(let reason): throw .declined(reason)
    case .wrong(let reason): throw .wrong("\(arm.title) computes a wrong result: \(reason)")
    case .failed(let reason): throw .broken("\(arm.title): \(reason)")
    default: throw .broken("\(arm.title) answered 'prepare' with something else")
    }
  }

  /// Times so many calls; returns seconds of all together. `expected` says what they may take.
  func measure(
    calls: Int, expected: Double
  ) throws(WorkerFault) -> (seconds: Double, waited: Double) {
    let reply = try ask(
      .measure(calls: calls), named: "measure", seconds: setting.patience + 10 * expected)
    switch reply {
    case .sample(let seconds, let waited) where seconds > 0 && seconds.isFinite:
      return (seconds, waited ?? 0)
    case .failed(let reason): throw .broken("\(arm.title): \(reason)")
    default: throw .broken("\(arm.title) answered 'measure' with something else")
    }
  }

  private func ask(
    _ request: WorkerRequest, named name: String, seconds: Double
  ) throws(WorkerFault) -> WorkerReply {
    // A worker that has ended is found out about when its answer is waited for.
    _ = child.send(WorkerLine.encode(request))
    let line = try readLine(to: name, seconds: seconds)
    guard let reply = Self.decode(line) else {
      throw .broken("\(arm.title) answered '\(name)' with \(Self.quoted(line))")
    }
    return reply
  }

  private func readLine(to what: String, seconds: Double) throws(WorkerFault) -> [UInt8] {
    switch child.readLine(
      until: deadline.orAfter(seconds), isCancelled: setting.isCancelled)
    {
    case .text(let line): return line
    case .cancelled: throw .cancelled
    case .timeout where deadline.isPast: throw .timeIsUp
    case .timeout:
      throw .broken(
        "\(arm.title) hangs: no answer to '\(what)' within \(Int(seconds.rounded(.up))) s")
    case .tooLong: throw .broken("\(arm.title) answered '\(what)' with an endless line")
    case .ended:
      throw .broken("\(arm.title) \(child.endText()) (while answering '\(what)')")
    }
  }

  private static func decode(_ line: [UInt8]) -> WorkerReply? { WorkerLine.decode(line) }

  private static func quoted(_ line: [UInt8]) -> String {
    "'\(String(decoding: line.prefix(80), as: UTF8.self))'"
  }
}
