import Convolution
import Synchronization
import Testing

@testable import Backends

/// Operands of a problem and their reference, computed once for all backends.
final class Truth: @unchecked Sendable {
  struct Key: Hashable {
    let problem: ConvolutionProblem
    let data: Verification.Data
    let bias: Bool
    let relu: Bool
  }

  let src: AlignedBuffer
  let wei: AlignedBuffer
  let bias: AlignedBuffer
  let operands: ConvolutionOperands
  let positions: [OutputPosition]
  let outputs: [ReferenceOutput]

  private static let cache = Mutex<[Key: Truth]>([:])

  static func of(_ key: Key) throws -> Truth {
    if let known = cache.withLock({ $0[key] }) { return known }
    let truth = try Truth(key)
    cache.withLock { $0[key] = truth }
    return truth
  }

  private init(_ key: Key) throws {
    let p = key.problem
    src = try AlignedBuffer(count: p.srcCount)
    wei = try AlignedBuffer(count: p.weiCount)
    bias = try AlignedBuffer(count: p.oc)
    for (i, buffer) in [src, wei, bias].enumerated() {
      switch key.data {
      case .integers:
        TensorData.fillIntegers(
          buffer.elements, limit: TensorData.exactIntegerLimit(reduction: p.reduction)!,
          seed: UInt64(i + 1))
      case .normal: TensorData.fillNormal(buffer.elements, seed: UInt64(i + 1))
      }
    }
    operands = ConvolutionOperands(
      problem: p, src: src.readOnly, wei: wei.readOnly, bias: key.bias ? bias.readOnly : nil,
      relu: key.relu)
    positions = ReferenceConvolution.allPositions(p)
    outputs = ReferenceConvolution.evaluate(operands, at: positions, threads: 2)
  }
}

/// One run of one plan, compared with the reference at every output. Everything that the plan
/// allocates or is given stands between walls of sentinels, and what it only reads must not change.
struct Verification {
  enum Data: Hashable { case integers, normal }

  let problem: ConvolutionProblem
  let backend: any ConvolutionBackend
  let options: PlanOptions

  private func truth(_ data: Data) throws -> Truth {
    try Truth.of(.init(problem: problem, data: data, bias: options.bias, relu: options.relu))
  }

  /// Nil if all is well, else what is wrong.
  func failure(_ data: Data) throws -> String? {
    let truth = try truth(data)
    let run = try run(truth)
    return run.damage ?? difference(run, truth, isInteger: data == .integers)
  }

  /// `‖error‖₂ / ‖reference‖₂` on normal data.
  func relL2Error() throws -> Double {
    let truth = try truth(.normal)
    let run = try run(truth)
    var (errors, squares) = (0.0, 0.0)
    for (at, output) in zip(truth.positions, truth.outputs) {
      let error = run.value(at) - output.value
      errors += error * error
      squares += output.value * output.value
    }
    return squares > 0 ? (errors / squares).squareRoot() : 0
  }

  /// What two runs of a plan left behind.
  private struct Run {
    let plan: any ConvolutionPlan
    let dst: AlignedBuffer
    /// A write to what is not the destination, if any.
    let damage: String?

    func value(_ at: OutputPosition) -> Double {
      Double(dst.elements[plan.dst.offset(n: at.n, c: at.k, y: at.p, x: at.q)])
    }
  }

  private func run(_ truth: Truth) throws -> Run {
    let watch = BufferWatch()
    return try BufferWatch.$current.withValue(watch) {
      let plan = try backend.makePlan(problem, options)
      let buffers = watch.count
      let src = try stored(truth.src, plan.src)
      let wei = try copy(truth.wei)
      let bias = try copy(truth.bias)
      let dst = try AlignedBuffer(count: plan.dst.count)
      let before = Array(src.elements)
      plan.prepare(wei: wei.readOnly, bias: options.bias ? bias.readOnly : nil)
      // The second run finds what the first left behind in the plan's scratch memory.
      for _ in 0..<2 {
        dst.elements.update(repeating: .nan)
        plan.execute(src: src.readOnly, dst: dst.baseAddress)
      }
      let isAsBefore =
        src.elements.elementsEqual(before) && wei.elements.elementsEqual(truth.wei.elements)
        && bias.elements.elementsEqual(truth.bias.elements)
      let damage =
        watch.damage.map { "\($0), the plan's own are 0..<\(buffers)" }
        ?? (isAsBefore ? nil : "changed what it may only read")
      return Run(plan: plan, dst: dst, damage: damage)
    }
  }

  /// The plain source in the layout that the plan reads.
  private func stored(
    _ plain: AlignedBuffer, _ description: TensorDescription
  ) throws -> AlignedBuffer {
    let p = problem
    let stored = try AlignedBuffer(count: description.count)
    for n in 0..<p.mb {
      for c in 0..<p.ic {
        for y in 0..<p.ih {
          for x in 0..<p.iw {
            stored.elements[description.offset(n: n, c: c, y: y, x: x)] =
              plain.elements[((n * p.ic + c) * p.ih + y) * p.iw + x]
          }
        }
      }
    }
    return stored
  }

  private func copy(_ buffer: AlignedBuffer) throws -> AlignedBuffer {
    let copy = try AlignedBuffer(count: buffer.count)
    _ = copy.elements.update(fromContentsOf: buffer.elements)
    return copy
  }

  private func difference(_ run: Run, _ truth: Truth, isInteger: Bool) -> String? {
    if let i = run.dst.elements.firstIndex(where: \.isNaN) {
      return "element \(i) is unwritten or NaN"
    }
    let bound = run.plan.errorBound
    let bounds = bound.bounds(
      at: truth.positions, reference: truth.outputs, operands: truth.operands)
    let isExact = isInteger && bound.isExactOnIntegers
    for (i, at) in truth.positions.enumerated() {
      let (value, expected) = (run.value(at), truth.outputs[i].value)
      if abs(value - expected) > (isExact ? 0 : bounds[i]) {
        return "\(at): \(value), expected \(expected), bound \(bounds[i]) [\(run.plan.variant)]"
      }
    }
    if let i = filling(run, truth).first(where: { run.dst.elements[$0] != 0 }) {
      return "filling at \(i): \(run.dst.elements[i]) [\(run.plan.variant)]"
    }
    return nil
  }

  /// Elements of a blocked destination that are no channel's; who reads it next finds zeros there.
  private func filling(_ run: Run, _ truth: Truth) -> [Int] {
    guard run.dst.count > truth.positions.count else { return [] }
    var isOutput = [Bool](repeating: false, count: run.dst.count)
    for at in truth.positions {
      isOutput[run.plan.dst.offset(n: at.n, c: at.k, y: at.p, x: at.q)] = true
    }
    return isOutput.indices.filter { !isOutput[$0] }
  }
}
