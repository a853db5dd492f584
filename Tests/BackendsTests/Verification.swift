import Convolution
import Synchronization
import Testing

@testable import Backends

/// A buffer between two walls of sentinels.
final class GuardedBuffer {
  private let storage: AlignedBuffer
  private static let wall = 64
  private static let sentinel: Float = -12_345.678
  let count: Int

  init(count: Int, fill: Float) throws {
    self.count = count
    storage = try AlignedBuffer(count: count + 2 * Self.wall)
    for i in storage.elements.indices { storage.elements[i] = Self.sentinel }
    for i in 0..<count { base[i] = fill }
  }

  var base: UnsafeMutablePointer<Float> { storage.baseAddress + Self.wall }

  var wallsStand: Bool {
    (0..<Self.wall).allSatisfy {
      storage.elements[$0] == Self.sentinel
        && storage.elements[Self.wall + count + $0] == Self.sentinel
    }
  }
}

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

/// One run of one plan, compared with the reference at every output.
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
    let plan = try backend.makePlan(problem, options)
    let (native, dst) = try run(plan, truth)
    guard native.wallsStand, dst.wallsStand else { return "wrote outside its buffers" }
    for i in 0..<dst.count where dst.base[i].isNaN { return "element \(i) is unwritten or NaN" }

    let bounds = plan.errorBound.bounds(
      at: truth.positions, reference: truth.outputs, operands: truth.operands)
    let isExact = data == .integers && plan.errorBound.isExactOnIntegers
    for (i, at) in truth.positions.enumerated() {
      let value = Double(dst.base[plan.dst.offset(n: at.n, c: at.k, y: at.p, x: at.q)])
      let error = abs(value - truth.outputs[i].value)
      if error > (isExact ? 0 : bounds[i]) {
        return
          "\(at): \(value), expected \(truth.outputs[i].value), bound \(bounds[i]) [\(plan.variant)]"
      }
    }
    return nil
  }

  /// `‖error‖₂ / ‖reference‖₂` on normal data.
  func relL2Error() throws -> Double {
    let truth = try truth(.normal)
    let plan = try backend.makePlan(problem, options)
    let dst = try run(plan, truth).dst
    var (errors, squares) = (0.0, 0.0)
    for (at, output) in zip(truth.positions, truth.outputs) {
      let value = Double(dst.base[plan.dst.offset(n: at.n, c: at.k, y: at.p, x: at.q)])
      errors += (value - output.value) * (value - output.value)
      squares += output.value * output.value
    }
    return squares > 0 ? (errors / squares).squareRoot() : 0
  }

  /// Source and destination after two runs of a plan.
  private func run(
    _ plan: any ConvolutionPlan, _ truth: Truth
  ) throws -> (src: GuardedBuffer, dst: GuardedBuffer) {
    let p = problem
    let (src, wei, bias) = (truth.src, truth.wei, truth.bias)
    let native = try GuardedBuffer(count: plan.src.count, fill: 0)
    for n in 0..<p.mb {
      for c in 0..<p.ic {
        for y in 0..<p.ih {
          for x in 0..<p.iw {
            native.base[plan.src.offset(n: n, c: c, y: y, x: x)] =
              src.elements[((n * p.ic + c) * p.ih + y) * p.iw + x]
          }
        }
      }
    }
    let dst = try GuardedBuffer(count: plan.dst.count, fill: .nan)
    plan.prepare(wei: wei.readOnly, bias: options.bias ? bias.readOnly : nil)
    // The second run finds what the first left behind in the plan's scratch memory.
    plan.execute(src: native.base, dst: dst.base)
    for i in 0..<dst.count { dst.base[i] = .nan }
    plan.execute(src: native.base, dst: dst.base)
    return (native, dst)
  }
}
