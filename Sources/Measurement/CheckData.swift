import Convolution

/// Source, weights and bias in plain layouts.
final class OperandSet {
  let src: AlignedBuffer
  let wei: AlignedBuffer
  let bias: AlignedBuffer
  private let problem: ConvolutionProblem

  private init(_ problem: ConvolutionProblem) throws(AllocationError) {
    self.problem = problem
    src = try AlignedBuffer(count: problem.srcCount)
    wei = try AlignedBuffer(count: problem.weiCount)
    bias = try AlignedBuffer(count: problem.oc)
  }

  /// Normal data; weights are scaled by `1/√((ic/g)·kh·kw)`, so that outputs are near 1.
  static func normal(
    _ problem: ConvolutionProblem, seed: UInt64
  ) throws(AllocationError) -> OperandSet {
    let set = try OperandSet(problem)
    let scale = 1 / Float(problem.reduction).squareRoot()
    TensorData.fillNormal(set.src.elements, seed: seed)
    TensorData.fillNormal(set.wei.elements, seed: seed &+ 1, scale: scale)
    TensorData.fillNormal(set.bias.elements, seed: seed &+ 2)
    return set
  }

  /// Integers whose sums float32 holds exactly; nil when the reduction is too long for any.
  static func integers(
    _ problem: ConvolutionProblem, seed: UInt64
  ) throws(AllocationError) -> OperandSet? {
    guard let limit = TensorData.exactIntegerLimit(reduction: problem.reduction) else { return nil }
    let set = try OperandSet(problem)
    TensorData.fillIntegers(set.src.elements, limit: limit, seed: seed &+ 3)
    TensorData.fillIntegers(set.wei.elements, limit: limit, seed: seed &+ 4)
    TensorData.fillIntegers(set.bias.elements, limit: limit, seed: seed &+ 5)
    return set
  }

  /// The operands of a convolution with these options.
  func operands(_ options: PlanOptions) -> ConvolutionOperands {
    ConvolutionOperands(
      problem: problem, src: src.readOnly, wei: wei.readOnly,
      bias: options.bias ? bias.readOnly : nil, relu: options.relu)
  }

  /// Prepares `plan` with these weights.
  func prepare(_ plan: any ConvolutionPlan, _ options: PlanOptions) {
    plan.prepare(wei: wei.readOnly, bias: options.bias ? bias.readOnly : nil)
  }
}

/// The reference outputs of one set of operands, computed once for each end of the convolution (bias,
/// ReLU) that asks.
final class ReferenceOutputs {
  let set: OperandSet
  private let positions: [OutputPosition]
  private let threads: Int
  private var known: [Ending: [ReferenceOutput]] = [:]

  private struct Ending: Hashable {
    let bias: Bool
    let relu: Bool
  }

  init(set: OperandSet, positions: [OutputPosition], threads: Int) {
    self.set = set
    self.positions = positions
    self.threads = threads
  }

  /// The outputs at the positions, for a convolution with these options.
  func outputs(_ options: PlanOptions) -> [ReferenceOutput] {
    let ending = Ending(bias: options.bias, relu: options.relu)
    if let outputs = known[ending] { return outputs }
    let outputs = ReferenceConvolution.evaluate(
      set.operands(options), at: positions, threads: threads)
    known[ending] = outputs
    return outputs
  }
}
