import Convolution

/// 1×1 convolution as a matrix product, `dst[k][pixel] = bias[k] + Σ_c wei[k][c] · src[c][pixel]`.
///
/// Nothing is lowered: in blocked layout the register tiles read and write the tensors as they lie
/// (`DirectPlan` with the image as one long row); in NCHW the product packs its own panels of pixels
/// (`ImplicitGEMMPlan` with one tap). Images of fewer pixels than a vector has lanes have nothing for
/// vectors along pixels to do and take the first way in both layouts.
struct GEMM1x1Backend: ConvolutionBackend {
  let name = "gemm-1x1"
  let summary = "1x1 kernels as a matrix product on the tensors as they lie; any stride, no padding"
  let variants: [String] = []

  func validate(_ p: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {
    guard p.kh == 1, p.kw == 1 else { throw Unsupported("kernel \(p.kh)x\(p.kw), needs 1x1") }
    guard !p.isPadded else {
      throw Unsupported("padding \(p.ph),\(p.pw),\(p.phr),\(p.pwr), needs 0")
    }
    guard options.variant == nil else { throw Unsupported("has no variants") }
    guard p.ih * p.iw <= Int32.max else {
      throw Unsupported("a plane of \(p.ih)x\(p.iw) pixels, needs fewer than 2^31")
    }
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    try planOrDecline(problem, options) { () throws(AllocationError) in
      let isTiny = problem.oh * problem.ow < options.isa.kernels.lanes
      return options.layout == .native || isTiny
        ? try DirectPlan(problem, options) : try ImplicitGEMMPlan(problem, options)
    }
  }
}
