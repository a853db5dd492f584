import Backends
import Convolution
import Foundation
import Measurement
import Networks

/// The worker's side: holds one convolution and times it when asked.
///
/// Between requests it blocks on its input; it ends when that ends, also in the midst of a sample, so
/// that no worker outlives its gate.
public final class GateWorker {
  /// Calls besides, per cent of a sample's, which only tests of the gate ask for.
  private let slowdown: Double
  private let allowsDebugBuild: Bool
  /// Whether its commit is looked up, which asks git for as long as a sample takes.
  private let isNamed: Bool
  private var convolution: TimedConvolution?

  /// The variable by which a test of the gate makes the candidate slower: per cent of extra calls.
  public static let slowdownVariable = "CONV_BENCH_SLOWDOWN"

  /// The variable by which a gate spares a worker the look for its commit.
  public static let anonymousVariable = "CONV_BENCH_ANONYMOUS_WORKER"

  /// Creates a worker that obeys `environment`.
  public init(environment: [String: String], allowsDebugBuild: Bool) {
    slowdown = environment[Self.slowdownVariable].flatMap(Double.init).map { max(0, $0) } ?? 0
    self.allowsDebugBuild = allowsDebugBuild
    isNamed = environment[Self.anonymousVariable] == nil
  }

  private static var commit: String? {
    let build = BuildDescription.current
    return build.commit.map { $0 + (build.isDirty == true ? "-dirty" : "") }
  }

  /// Serves standard input until it ends. Whatever else is printed goes to standard error.
  public func serve() {
    let replies = dup(STDOUT_FILENO)
    dup2(STDERR_FILENO, STDOUT_FILENO)
    Self.endWithInput()
    var isHeard = Self.write(
      .hello(
        protocol: WorkerReply.currentProtocol,
        isOptimized: BuildDescription.isOptimized || allowsDebugBuild,
        commit: isNamed ? Self.commit : nil),
      to: replies)
    while isHeard, let line = readLine() {
      isHeard = Self.write(reply(to: Array(line.utf8)), to: replies)
    }
  }

  private func reply(to line: [UInt8]) -> WorkerReply {
    guard let request: WorkerRequest = WorkerLine.decode(line) else {
      return .failed(
        reason: "not a request of this protocol: \(String(decoding: line, as: UTF8.self))")
    }
    switch request {
    case .prepare(let worker, let check, let checkSeed, let warmup, let wisdom):
      if let wisdom { FFTWWisdom.adopt(wisdom) }
      return prepare(worker, check, checkSeed, warmup)
    case .measure(let calls):
      guard let convolution, calls > 0 else { return .failed(reason: "nothing is prepared") }
      let extra = Int((Double(calls) * slowdown / 100).rounded())
      let before = CoreWait.now()
      let seconds = convolution.time(calls: calls, extra: extra)
      let waited = before.flatMap { CoreWait.now()?.longest(since: $0) }
      Self.waitUntilIdle()
      return .sample(seconds: seconds, waited: waited)
    }
  }

  private func prepare(
    _ worker: WorkerCase, _ check: TimedConvolution.CheckExtent, _ checkSeed: UInt64,
    _ warmup: Double
  ) -> WorkerReply {
    convolution = nil
    do {
      let made = try TimedConvolution(
        worker.benchmark(), seed: worker.seed, check: check, checkSeed: checkSeed)
      convolution = made
      let callSeconds = made.warmUp(seconds: warmup)
      Self.waitUntilIdle()
      return .ready(
        callSeconds: callSeconds, variant: made.variant, checkedOutputs: made.checkedOutputs,
        wisdom: FFTWWisdom.current())
    } catch TimedConvolution.Failure.declined(let reason) {
      return .declined(reason: reason)
    } catch TimedConvolution.Failure.wrong(let reason) {
      return .wrong(reason: reason)
    } catch TimedConvolution.Failure.memory(let reason) {
      return .failed(reason: reason)
    } catch {
      return .failed(reason: "\(error)")
    }
  }

  /// Waits until this process's threads sleep, or for a second: a library's idle threads may spin for
  /// a while after a call, and would do so beside the next arm's sample.
  private static func waitUntilIdle() {
    for _ in 0..<500 {
      let before = clock()
      usleep(2000)
      // A tenth of the wait is what waking up costs.
      if clock() - before < 200 { return }
    }
  }

  /// Ends the process when the other side of its input is gone, whatever it is doing.
  private static func endWithInput() {
    Thread.detachNewThread {
      var input = pollfd(fd: STDIN_FILENO, events: 0, revents: 0)
      while true {
        let count = poll(&input, 1, -1)
        if count > 0, input.revents & Int16(POLLHUP | POLLERR) != 0 { _exit(0) }
        if count > 0 { return }
      }
    }
  }

  private static func write(_ reply: WorkerReply, to descriptor: Int32) -> Bool {
    let bytes = WorkerLine.encode(reply)
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.write(descriptor, $0.baseAddress! + done, bytes.count - done)
      }
      guard count > 0 || errno == EINTR else { return false }
      done += max(0, count)
    }
    return true
  }
}

extension WorkerCase {
  /// The case as this build knows it.
  ///
  /// - Throws: `TimedConvolution.Failure.declined` for a name that this build does not know.
  func benchmark() throws -> BenchmarkCase {
    typealias Failure = TimedConvolution.Failure
    let parsed: ParsedProblem
    do {
      parsed = try ProblemDescriptor.parse(problem)
    } catch {
      throw Failure.declined("problem '\(problem)': \(error)")
    }
    guard let backend = BackendList.named(backend) else {
      throw Failure.declined("no backend '\(backend)' in this build")
    }
    guard let isa = InstructionSet(rawValue: isa) else {
      throw Failure.declined("no instruction set '\(isa)' in this build")
    }
    guard let layout = LayoutRequest(rawValue: layout) else {
      throw Failure.declined("no layout '\(layout)' in this build")
    }
    return BenchmarkCase(
      network: "", layer: parsed.name ?? "", problem: parsed.problem, backend: backend,
      options: PlanOptions(
        isa: isa, threads: max(1, threads), layout: layout, variant: variant, bias: bias,
        relu: relu, flopsPerThread: PlanOptions.worthAThread))
  }
}
