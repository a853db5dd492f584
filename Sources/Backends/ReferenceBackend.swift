import Convolution

/// The naive loops of `ReferenceConvolution`, as a backend that can be timed and looked at.
///
/// `dst[n,k,p,q] = bias[k] + Σ_{c,r,s} src[n,c,p·sh+r·(dh+1)−ph, q·sw+s·(dw+1)−pw]·wei[k,c,r,s]`,
/// summed in float64 and rounded once.
struct ReferenceBackend: ConvolutionBackend {
  let name = "reference"
  let summary = "naive loops with float64 accumulation; the truth that others are checked against"
  let variants: [String] = []

  func validate(_ problem: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {
    guard options.variant == nil else { throw Unsupported("has no variants") }
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    // All threads, however small the problem: in float64 and without vectors it is worth them.
    try planOrDecline(problem, options) { _ throws(AllocationError) in
      try ReferencePlan(problem, options)
    }
  }
}

private final class ReferencePlan: ConvolutionPlan {
  let variant = ""
  let src: TensorDescription
  let dst: TensorDescription
  let weightsBytes: Int
  let workspaceBytes: Int
  let executedFLOPs: Double
  let errorBound: any ErrorBound = SummationBound()
  private let problem: ConvolutionProblem
  private let options: PlanOptions
  private let weights: AlignedBuffer
  private let bias: AlignedBuffer
  private let positions: [OutputPosition]

  init(_ problem: ConvolutionProblem, _ options: PlanOptions) throws(AllocationError) {
    self.problem = problem
    self.options = options
    src = problem.srcDescription(.nchw)
    dst = problem.dstDescription(.nchw)
    weights = try AlignedBuffer(count: problem.weiCount)
    bias = try AlignedBuffer(count: problem.oc)
    weightsBytes = weights.byteCount + (options.bias ? bias.byteCount : 0)
    workspaceBytes =
      problem.dstCount
      * (MemoryLayout<OutputPosition>.stride + MemoryLayout<ReferenceOutput>.stride)
    // Arrays trap where there is no memory for them; this throws.
    _ = try AlignedBuffer(count: workspaceBytes / MemoryLayout<Float>.size)
    positions = ReferenceConvolution.allPositions(problem)
    executedFLOPs = problem.flops
  }

  func prepare(wei: UnsafePointer<Float>, bias source: UnsafePointer<Float>?) {
    weights.baseAddress.update(from: wei, count: problem.weiCount)
    if let source { bias.baseAddress.update(from: source, count: problem.oc) }
  }

  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    let operands = ConvolutionOperands(
      problem: problem, src: src, wei: weights.readOnly,
      bias: options.bias ? bias.readOnly : nil, relu: options.relu)
    let outputs = ReferenceConvolution.evaluate(
      operands, at: positions, threads: options.threads)
    for (i, output) in outputs.enumerated() { dst[i] = Float(output.value) }
  }
}
