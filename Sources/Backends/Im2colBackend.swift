import COpenBLAS
import Convolution

/// im2col + GEMM by OpenBLAS, as Caffe did it, with the lowered matrix cut to fit the caches.
///
/// Algorithm: `dst[k][pixel] = Σ_j wei[k][j] · col[j][pixel]`, `j = (c,r,s)`, `col` being `src` with every
/// tap written out; bias and ReLU on the product while it is in cache.
///
/// Schedule: a thread lowers a chunk of output pixels, calls a single-threaded `cblas_sgemm` on it,
/// and goes on to the next. A 1×1 kernel at stride 1 without padding needs no lowering.
struct Im2colBackend: ConvolutionBackend {
  let name = "im2col"
  let summary = "im2col in chunks that stay in cache + sgemm by OpenBLAS; any problem"
  let variants: [String] = []

  func validate(_ p: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {
    guard options.variant == nil else { throw Unsupported("has no variants") }
    guard max(p.ih * p.iw, p.oh * p.ow, p.reduction, p.oc) <= Int32.max else {
      throw Unsupported("a matrix side of 2^31 or more, which OpenBLAS cannot count")
    }
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    try planOrDecline(problem, options) { options throws(AllocationError) in
      try Im2colPlan(problem, options)
    }
  }
}
