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

  /// Nil if all is well, else what is wrong.
  func failure(_ data: Data) throws -> String? {
    let truth = try Truth.of(
      .init(problem: problem, data: data, bias: options.bias, relu: options.relu))
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
      if let damage = watch.damage { return "\(damage), the plan's own are 0..<\(buffers)" }
      guard src.elements.elementsEqual(before), wei.elements.elementsEqual(truth.wei.elements),
        bias.elements.elementsEqual(truth.bias.elements)
      else { return "changed what it may only read" }
      return difference(plan, dst, truth, isInteger: data == .integers)
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

  private func difference(
    _ plan: any ConvolutionPlan, _ dst: AlignedBuffer, _ truth: Truth, isInteger: Bool
  ) -> String? {
    if let i = dst.elements.firstIndex(where: \.isNaN) { return "element \(i) is unwritten or NaN" }
    let bounds = plan.errorBound.bounds(
      at: truth.positions, reference: truth.outputs, operands: truth.operands)
    let isExact = isInteger && plan.errorBound.isExactOnIntegers
    for (i, at) in truth.positions.enumerated() {
      let value = Double(dst.elements[plan.dst.offset(n: at.n, c: at.k, y: at.p, x: at.q)])
      let error = abs(value - truth.outputs[i].value)
      if error > (isExact ? 0 : bounds[i]) {
        return
          "\(at): \(value), expected \(truth.outputs[i].value), bound \(bounds[i]) [\(plan.variant)]"
      }
    }
    return nil
  }
}
