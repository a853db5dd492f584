import Convolution
import Parallel
import WinogradAlgebra

/// Winograd's minimal filtering, `Y = Aᵀ[Σ_c (G g Gᵀ) ⊙ (Bᵀ d B)]A` on m×m output tiles.
///
/// Algorithm: see `WinogradAlgorithm`. Schedule: see `TransformPlan`; the tile size and the schedule
/// are those of least estimated cost (`TransformCost`) unless a variant forces the tile. Strided
/// convolutions are reshaped to ones without (`SpaceToDepth`).
struct WinogradBackend: ConvolutionBackend {
  let name = "winograd"
  let summary =
    "Winograd F(m×m,3×3) and F(m×m,5×5), tile and schedule chosen by cost; larger kernels by stride"

  /// Tile sizes, `f2` to `f6`.
  let variants = Set(WinogradAlgorithm.generated.map { "f\($0.m)" }).sorted()

  func validate(_ p: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {
    guard p.dh == 0, p.dw == 0 else { throw Unsupported(dilated: p) }
    guard !p.isDepthwise else {
      throw Unsupported("depthwise: one input channel a group leaves no products to save")
    }
    let q = unstrided(p, options)
    let sizes = Set(WinogradAlgorithm.generated.map(\.r)).sorted()
    guard q.kh == q.kw, q.sh == 1, q.sw == 1, sizes.contains(q.kh) else {
      let stride = p.sh > 1 || p.sw > 1 ? " with stride \(p.sh)x\(p.sw)" : ""
      let reshaped = q == p ? "" : ", which is \(q.kh)x\(q.kw) without"
      throw Unsupported("kernel \(p.kh)x\(p.kw)\(stride)\(reshaped), needs 3x3 or 5x5")
    }
    guard !candidates(q, options).isEmpty else {
      let known = WinogradAlgorithm.generated.filter { $0.r == q.kh }.map { "f\($0.m)" }
      throw Unsupported(
        "no \(options.variant ?? "") for \(q.kh)x\(q.kw) kernels, has \(known.joined(separator: ", "))"
      )
    }
  }

  /// The problem reshaped to stride 1; itself where it has that, or cannot be reshaped.
  private func unstrided(_ p: ConvolutionProblem, _ options: PlanOptions) -> ConvolutionProblem {
    reshaping(p, options)?.inner ?? p
  }

  private func reshaping(_ p: ConvolutionProblem, _ options: PlanOptions) -> SpaceToDepth? {
    let isWhole = p.icPerGroup % options.isa.kernels.lanes == 0
    return SpaceToDepth(p, pixelsLast: SpaceToDepthPlan.isPlain(p, options) || !isWhole)
  }

  private func candidates(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) -> [WinogradAlgorithm] {
    WinogradAlgorithm.generated.filter {
      $0.r == problem.kh && (options.variant == nil || options.variant == "f\($0.m)")
    }
  }

  /// The tile and the schedule of least estimated cost, in cycles, for a problem that is taken.
  func cheapest(
    _ strided: ConvolutionProblem, _ options: PlanOptions
  ) -> (transform: WinogradTransform, schedule: TransformSchedule, cost: Double) {
    let problem = unstrided(strided, options)
    let kernels = options.isa.kernels
    let cost = TransformCost(
      problem: problem, lanes: kernels.lanes, threads: options.threads, cache: .current)
    let choices = candidates(problem, options).map { algorithm in
      let transform = WinogradTransform(algorithm, kernels: kernels)
      let best = cost.best(
        planes: transform.planes, tileHeight: algorithm.m, tileWidth: algorithm.m,
        transformFLOPs: transform.flops)
      return (transform: transform, schedule: best.0, cost: best.1)
    }
    return choices.min { $0.cost < $1.cost }!
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    try planOrDecline(problem, options) { () throws(AllocationError) -> any ConvolutionPlan in
      let best = cheapest(problem, options)
      let reshaping = reshaping(problem, options)
      let plan = try TransformPlan(
        reshaping?.inner ?? problem, options, transform: best.transform, schedule: best.schedule,
        name: "f\(best.transform.algorithm.m)",
        errorBound: WinogradBound(algorithm: best.transform.algorithm),
        srcLayout: reshaping.map { _ in .blocked(lanes: options.isa.kernels.lanes) })
      guard let reshaping else { return plan }
      return try SpaceToDepthPlan(reshaping, options, inner: plan)
    }
  }
}
