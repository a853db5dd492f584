import Convolution

/// Implicit GEMM: im2col fused into the packing of our own matrix product.
///
/// Algorithm: `dst[k][pixel] = bias[k] + Σ_j wei[k][j] · col[j][pixel]`, `j = (c,r,s)`, where `col` never
/// exists in memory.
///
/// Schedule: see `ImplicitGEMMPlan`. Vectors lie along pixels, so NCHW is its native layout.
struct ImplicitGEMMBackend: ConvolutionBackend {
  let name = "implicit-gemm"
  let summary = "im2col fused into the packing of our own GEMM, no lowered matrix; any problem"
  let variants: [String] = []

  func validate(_ p: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {
    guard options.variant == nil else { throw Unsupported("has no variants") }
    guard p.ih * p.iw <= Int32.max else {
      throw Unsupported("a plane of \(p.ih)x\(p.iw) pixels, needs fewer than 2^31")
    }
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    try planOrDecline(problem, options) { options throws(AllocationError) in
      try ImplicitGEMMPlan(problem, options)
    }
  }
}
