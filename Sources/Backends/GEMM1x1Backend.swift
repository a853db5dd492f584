import Convolution

/// 1×1 convolution as a matrix product, `dst[k][pixel] = bias[k] + Σ_c wei[k][c] · src[c][pixel]`.
///
/// Nothing is lowered: in blocked layout the register tiles read and write the tensors as they lie
/// (`DirectPlan` with the image as one long row); in NCHW the product packs its own panels of pixels
/// (`ImplicitGEMMPlan` with one tap). There the last vectors of pixels may mostly repeat others, 15 of 64 lanes
/// at 7×7: where that costs more than transposing, both layouts take the first way.
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
    try planOrDecline(problem, options) { options throws(AllocationError) -> any ConvolutionPlan in
      options.layout == .native || Self.turns(problem, lanes: options.isa.kernels.lanes)
        ? try DirectPlan(problem, options) : try ImplicitGEMMPlan(problem, options)
    }
  }

  /// Whether NCHW tensors are better transposed than multiplied as they lie.
  ///
  /// Transposing takes 0.43 cycles a value, as much as 0.86·lanes multiply-adds, and a twentieth of the
  /// products is what panels lose elsewhere. 1×1 layers of ResNet-50, GoogLeNet and VGG-16 (AVX-512, 1 thread):
  /// 14×14 pixels 0.97 to 1.04 times as fast, 7×7 1.16 to 1.26.
  private static func turns(_ p: ConvolutionProblem, lanes: Int) -> Bool {
    let pixels = p.oh * p.ow
    let empty = Double((pixels + lanes - 1) / lanes * lanes) / Double(pixels) - 1
    let transposing = 0.86 * Double(lanes) * (1 / Double(p.icPerGroup) + 1 / Double(p.ocPerGroup))
    return empty > 0 && empty + 0.05 > transposing
  }
}
