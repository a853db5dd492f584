import Convolution

/// 1×1 convolution as a matrix product, `dst[k][pixel] = bias[k] + Σ_c wei[k][c] · src[c][pixel]`.
///
/// Nothing is lowered: in blocked layout the register tiles read and write the tensors as they lie
/// (`DirectPlan` with the image as one long row); in NCHW the product packs its own panels of pixels
/// (`ImplicitGEMMPlan` with one tap). There the last vectors of pixels may mostly repeat others, 15 of 64 lanes
/// at 7×7, or strides be gathered: where that costs more than transposing, both layouts take the first way.
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
      Self.takesDirectPlan(problem, options)
        ? try DirectPlan(problem, options) : try ImplicitGEMMPlan(problem, options)
    }
  }

  /// Whether pixels are broadcast, as `direct` does, and outputs lie in the lanes: in NCHW where that costs less than
  /// panels of pixels do.
  ///
  /// Outputs are transposed, and the source unless its planes are read as they lie; gathering strided pixels into
  /// panels takes as long. A twentieth of the products is what panels lose elsewhere where they are not full. 1×1
  /// layers of ResNet-50, GoogLeNet and DenseNet (AVX-512, one and two threads) in turn with panels, or with a source
  /// that was transposed: 14×14 pixels 1.05 and 1.10 times as fast in the mean, 7×7 1.13 and 1.16, strided 1.04 and
  /// 1.07.
  static func takesDirectPlan(_ p: ConvolutionProblem, _ options: PlanOptions) -> Bool {
    guard options.layout == .nchw else { return true }
    let kernels = options.isa.kernels
    func emptyLanes(_ count: Int) -> Double {
      Double(kernels.wholeVectors(count)) / Double(count) - 1
    }
    let emptyPixels = emptyLanes(p.oh * p.ow)
    let sources = DirectSource.movingShare(kernels, channels: p.ocPerGroup)
    let outputs = DirectSource.movingShare(kernels, channels: p.icPerGroup)
    // A single vector of outputs has no other to share its broadcasts with, but in pairs of channels.
    let staysPlain = DirectSource.readsPlanes(p, options) && p.ocPerGroup > kernels.lanes
    let isStrided = p.sh > 1 || p.sw > 1
    let panels = (emptyPixels > 0 ? emptyPixels + 0.05 : 0) + (isStrided ? sources : 0)
    return panels > emptyLanes(p.ocPerGroup) + outputs + (staysPlain ? 0 : sources)
  }
}
