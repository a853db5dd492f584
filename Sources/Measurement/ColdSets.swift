import Convolution
import Glibc

/// A plan with the source that it reads and the destination that it writes.
struct PlanSet {
  let plan: any ConvolutionPlan
  let src: AlignedBuffer
  let dst: AlignedBuffer

  /// Runs the convolution once; holds the set.
  var call: () -> Void {
    let (source, destination) = (src.readOnly, dst.baseAddress)
    return { withExtendedLifetime(self) { plan.execute(src: source, dst: destination) } }
  }

  /// Bytes of the source, the destination and what the plan says that it holds.
  var bytes: Int {
    activationBytes + plan.weightsBytes + plan.workspaceBytes
  }

  /// Bytes of the source and the destination.
  var activationBytes: Int { (plan.src.count + plan.dst.count) * MemoryLayout<Float>.size }
}

/// Further sets of prepared cases: plan, weights, workspace, source and destination once more.
///
/// Each call of a cold sample gets a set that nobody has touched since the caches were emptied. The
/// sets of a problem's cases that have the same number share their source and destination.
final class ColdSets {
  /// Why a case has no further set.
  struct Failure: Error {
    let status: CaseStatus
    let reason: String
    /// The outcome of the check, if that failed.
    var check: CheckOutcome?
  }

  private let operands: OperandSet
  private let check: CorrectnessCheck?
  private let threads: Int
  private let availableMemory: () -> Int
  private var buffers: [ActivationBuffers] = []

  /// Creates a maker of sets with these operands.
  ///
  /// - Parameter check: what the sets are checked by; nil to leave them unchecked.
  init(
    _ operands: OperandSet, check: CorrectnessCheck?, threads: Int,
    availableMemory: @escaping () -> Int
  ) {
    self.operands = operands
    self.check = check
    self.threads = threads
    self.availableMemory = availableMemory
  }

  /// The most calls of a sample, `SamplingRules.mostColdCalls` or as many as half of the memory holds
  /// sets for. At least one: if that is too much, `make` says so.
  func mostCalls(_ sets: [PlanSet]) -> Int {
    let layouts = Dictionary(grouping: sets) { [$0.plan.src, $0.plan.dst] }
    let activations = layouts.values.reduce(0) { $0 + $1[0].activationBytes }
    let plans = sets.reduce(0) { $0 + $1.bytes - $1.activationBytes }
    let fitting = availableMemory() / 2 / max(1, activations + plans)
    return max(1, min(SamplingRules.mostColdCalls, fitting))
  }

  /// Makes `count` sets of `benchmark` besides `first`, which was checked.
  ///
  /// A set that gives, into a poisoned destination, the same bits as `first` is as right as that. One
  /// that does not is compared with the reference itself.
  ///
  /// - Parameter outcome: what the check of `first` found.
  /// - Returns: the sets, and of all checks the outcome nearest to its bound.
  func make(
    _ count: Int, of benchmark: BenchmarkCase, like first: PlanSet, outcome: CheckOutcome?
  ) throws(Failure) -> (sets: [PlanSet], outcome: CheckOutcome?) {
    while buffers.count < count { buffers.append(ActivationBuffers()) }
    if check != nil { first.call() }
    var sets: [PlanSet] = []
    var worst = outcome
    for number in 0..<count {
      let set = try allocate(benchmark, buffers[number])
      operands.prepare(set.plan, benchmark.options)
      set.plan.src.store(operands.src.readOnly, to: set.src.baseAddress, threads: threads)
      sets.append(set)
      guard let check, !equals(first, set) else { continue }
      let outcome = check.check(
        set.plan, options: benchmark.options, src: set.src.baseAddress, dst: set.dst.baseAddress)
      if let failure = outcome.failure {
        throw Failure(
          status: .wrong, reason: "plan \(number + 2) of the same: \(failure)", check: outcome)
      }
      worst = [worst, outcome].compactMap(\.self).max {
        $0.errorBoundFraction < $1.errorBoundFraction
      }
    }
    return (sets, worst)
  }

  private func allocate(
    _ benchmark: BenchmarkCase, _ buffers: ActivationBuffers
  ) throws(Failure) -> PlanSet {
    do {
      return try MemoryLimit.allowing(availableMemory()) { () throws(PlanError) in
        let plan = try benchmark.backend.makePlan(benchmark.problem, benchmark.options)
        let (src, dst) = try buffers.buffers(for: plan)
        return PlanSet(plan: plan, src: src, dst: dst)
      }
    } catch {
      throw Failure(
        status: .failed,
        reason: "cold samples need its data more than once: \(error); or leave out --cold")
    }
  }

  /// Whether `set` writes what `first` has written, bit by bit.
  private func equals(_ first: PlanSet, _ set: PlanSet) -> Bool {
    set.dst.baseAddress.update(repeating: .nan, count: set.plan.dst.count)
    set.call()
    let bytes = first.plan.dst.count * MemoryLayout<Float>.size
    return set.plan.dst == first.plan.dst
      && memcmp(first.dst.baseAddress, set.dst.baseAddress, bytes) == 0
  }
}
