import Convolution

/// Compares the plans of one problem with the reference, on the plan and buffers that are timed.
///
/// 1. *Exact*: on small integers, a plan whose bound says so must equal the reference.
/// 2. *Bounded*: on seeded normal data, every |error| must keep the plan's bound.
///
/// The destination is filled with NaN before each, so an element that is not written fails; so does
/// one that is not finite, and filling of a blocked layout that is not zero. The reference is computed
/// once and shared by all plans.
public final class CorrectnessCheck {
  private let positions: [OutputPosition]
  private let threads: Int
  private let normal: ReferenceOutputs
  private let integers: ReferenceOutputs?

  /// Makes the data of `problem`; the reference is computed on `threads` threads when first needed.
  ///
  /// - Throws: `AllocationError` when there is no memory for the data.
  public convenience init(
    _ problem: ConvolutionProblem, seed: UInt64, threads: Int
  ) throws(AllocationError) {
    try self.init(problem, normal: .normal(problem, seed: seed), seed: seed, threads: threads)
  }

  /// The same with normal data made before, which timing goes on using, and with positions to compare
  /// that differ from `checkedPositions`.
  init(
    _ problem: ConvolutionProblem, normal: OperandSet, positions: [OutputPosition]? = nil,
    seed: UInt64, threads: Int
  ) throws(AllocationError) {
    let positions = positions ?? problem.checkedPositions(seed: seed)
    self.positions = positions
    self.threads = threads
    self.normal = ReferenceOutputs(set: normal, positions: positions, threads: threads)
    integers = try OperandSet.integers(problem, seed: seed).map {
      ReferenceOutputs(set: $0, positions: positions, threads: threads)
    }
  }

  /// Computes what plans with these options are compared with, unless that is known already.
  public func computeReference(_ options: PlanOptions) {
    _ = normal.outputs(options)
    _ = integers?.outputs(options)
  }

  /// Checks `plan`, which was made with `options`, and leaves it prepared with the normal weights and
  /// `src` filled with the normal source.
  ///
  /// - Parameters:
  ///   - src: at least `plan.src.count` elements; zero where the layout has filling.
  ///   - dst: at least `plan.dst.count` elements.
  /// - Returns: errors on the normal data; `failure` is of the exact check if that fails.
  public func check(
    _ plan: any ConvolutionPlan, options: PlanOptions, src: UnsafeMutablePointer<Float>,
    dst: UnsafeMutablePointer<Float>
  ) -> CheckOutcome {
    var failure: String?
    if plan.errorBound.isExactOnIntegers, let integers {
      failure =
        execute(plan, options, integers.set, src, dst)
        ?? firstDifference(plan.dst, dst, integers.outputs(options))
      failure = failure.map { "integer data: \($0)" }
    }
    let unwritten = execute(plan, options, normal.set, src, dst)
    var outcome = compare(plan, options, dst)
    outcome.failure = failure ?? unwritten ?? outcome.failure
    return outcome
  }

  /// Runs the plan on `set` with a poisoned destination; says what was not written, if anything.
  private func execute(
    _ plan: any ConvolutionPlan, _ options: PlanOptions, _ set: OperandSet,
    _ src: UnsafeMutablePointer<Float>, _ dst: UnsafeMutablePointer<Float>
  ) -> String? {
    set.prepare(plan, options)
    plan.src.store(set.src.readOnly, to: src, threads: threads)
    dst.update(repeating: .nan, count: plan.dst.count)
    plan.execute(src: UnsafePointer(src), dst: dst)
    return Self.notFinite(plan.dst, dst) ?? Self.nonzeroFilling(plan.dst, dst)
  }

  private static func notFinite(
    _ description: TensorDescription, _ dst: UnsafePointer<Float>
  ) -> String? {
    guard let index = (0..<description.count).first(where: { !dst[$0].isFinite }) else {
      return nil
    }
    let place = description.position(ofStored: index)?.text ?? "filling at element \(index)"
    return dst[index].isNaN ? "\(place): not written, or NaN" : "\(place): got \(dst[index])"
  }

  private static func nonzeroFilling(
    _ description: TensorDescription, _ dst: UnsafePointer<Float>
  ) -> String? {
    let used = description.channels % description.pixelStride
    guard used > 0 else { return nil }
    for n in 0..<description.mb {
      for group in 0..<description.groups {
        let last = (group + 1) * description.channels - 1
        let block = description.offset(n: n, c: last, y: 0, x: 0) - (used - 1)
        for pixel in 0..<description.height * description.width {
          for lane in used..<description.pixelStride {
            let index = block + pixel * description.pixelStride + lane
            guard dst[index] != 0 else { continue }
            return
              "filling after channel \(last) of image \(n), pixel \(pixel): got \(dst[index]), "
              + "expected 0"
          }
        }
      }
    }
    return nil
  }

  private func firstDifference(
    _ description: TensorDescription, _ dst: UnsafePointer<Float>, _ expected: [ReferenceOutput]
  ) -> String? {
    for (position, expected) in zip(positions, expected) {
      let got = dst[description.offset(of: position)]
      guard Double(got) != expected.value else { continue }
      return "\(position.text): got \(got), expected \(expected.value) exactly"
    }
    return nil
  }

  private func compare(
    _ plan: any ConvolutionPlan, _ options: PlanOptions, _ dst: UnsafePointer<Float>
  ) -> CheckOutcome {
    let expected = normal.outputs(options)
    let bounds = plan.errorBound.bounds(
      at: positions, reference: expected, operands: normal.set.operands(options))
    var outcome = CheckOutcome(
      checkedOutputs: positions.count, maxAbsError: 0, relL2Error: 0, errorBoundFraction: 0)
    var squaredError = 0.0
    var squaredReference = 0.0
    for i in positions.indices {
      let got = dst[plan.dst.offset(of: positions[i])]
      let error = got.isFinite ? abs(Double(got) - expected[i].value) : .infinity
      let fraction = error == 0 ? 0 : error / bounds[i]
      outcome.maxAbsError = max(outcome.maxAbsError, error)
      squaredError += error * error
      squaredReference += expected[i].value * expected[i].value
      // Written so that a bound that is NaN fails.
      if !(fraction <= outcome.errorBoundFraction) {
        outcome.errorBoundFraction = fraction.isNaN ? .infinity : fraction
        if !(fraction <= 1) {
          outcome.failure =
            "\(positions[i].text): got \(got), expected \(expected[i].value), "
            + "off by \(error), bound \(bounds[i])"
        }
      }
    }
    outcome.relL2Error =
      squaredError == 0 ? 0 : (squaredError / squaredReference).squareRoot()
    return outcome
  }
}
