import Convolution

/// Direct convolution: register- and cache-blocked loops over the problem itself, no lowering.
///
/// Algorithm: `dst[n,k,p,q] = bias[k] + Σ_{c,r,s} src[n,c,p·sh+r·(dh+1)−ph,…]·wei[k,c,r,s]`.
///
/// Schedule: vectors lie along output channels; a register tile holds a run of output pixels of one
/// row × 1–4 vectors over the *whole* reduction, so `dst` is written once. NCHW sources are turned into blocks of one
/// vector of channels first, but for most 1×1 kernels, which read planes as they lie. Borders are no memory but taps
/// left out, in calls of their own, so the inner loop has no branch (`DirectSource`). Two orders of the outer loops,
/// by the size of the weights: see `DirectPlan`. NCHW sources with fewer channels than a vector has lanes (first
/// layers) have the vectors along pixels instead: see `DirectRowsPlan`. Depthwise, they hold channels of different
/// groups: see `DepthwisePlan`.
struct DirectBackend: ConvolutionBackend {
  let name = "direct"
  let summary =
    "register- and cache-blocked direct convolution; any stride, padding, dilation, groups"
  let variants: [String] = []

  func validate(_ problem: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {
    guard options.variant == nil else { throw Unsupported("has no variants") }
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    try planOrDecline(problem, options) { options throws(AllocationError) -> any ConvolutionPlan in
      if DepthwisePlan.takes(problem) { return try DepthwisePlan(problem, options) }
      if DirectRowsPlan.takes(problem, options) { return try DirectRowsPlan(problem, options) }
      return try DirectPlan(problem, options)
    }
  }
}
