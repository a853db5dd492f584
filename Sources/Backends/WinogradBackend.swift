import Convolution
import WinogradAlgebra

/// Winograd's minimal filtering, `Y = Aᵀ[Σ_c (G g Gᵀ) ⊙ (Bᵀ d B)]A` on m×m output tiles.
///
/// Algorithm: see `WinogradAlgorithm`. Schedule: see `TransformPlan`; the tile size and the schedule
/// are those of least estimated cost (`TransformCost`) among those accurate enough, unless a variant
/// forces the tile. Strided convolutions are reshaped to ones without (`SpaceToDepth`).
struct WinogradBackend: ConvolutionBackend {
  let name = "winograd"
  let summary =
    "Winograd F(m×m,3×3) and F(m×m,5×5), tile and schedule chosen by cost; larger kernels by stride"

  /// Tile sizes, `f2` to `f6`.
  let variants = Set(WinogradAlgorithm.generated.map { "f\($0.m)" }).sorted()
  let schedules = TransformSchedule.names

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
    let algorithms = algorithms(q, options)
    guard !algorithms.isEmpty else {
      let known = WinogradAlgorithm.generated.filter { $0.r == q.kh }.map { "f\($0.m)" }
      throw Unsupported(
        "no \(options.variant ?? "") for \(q.kh)x\(q.kw) kernels, has \(known.joined(separator: ", "))"
      )
    }
    let best = algorithms.min { Self.expectedError($0, q) < Self.expectedError($1, q) }!
    try options.requireAccuracy(Self.expectedError(best, q), of: "f\(best.m)")
    if options.forcesSchedule { try TransformCandidate.requirePossible(weigh(q, options)) }
  }

  /// The problem reshaped to stride 1; itself where it has that, or cannot be reshaped.
  private func unstrided(_ p: ConvolutionProblem, _ options: PlanOptions) -> ConvolutionProblem {
    reshaping(p, options)?.inner ?? p
  }

  private func reshaping(_ p: ConvolutionProblem, _ options: PlanOptions) -> SpaceToDepth? {
    let isWhole = p.icPerGroup % options.isa.kernels.lanes == 0
    return SpaceToDepth(p, pixelsLast: SpaceToDepthPlan.isPlain(p, options) || !isWhole)
  }

  /// The algorithms for a problem without strides; the one that is forced, if any.
  private func algorithms(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) -> [WinogradAlgorithm] {
    WinogradAlgorithm.generated.filter {
      $0.r == problem.kh && options.allows(tile: "f\($0.m)")
    }
  }

  /// Every tile and schedule for a problem without strides.
  private func weigh(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) -> [TransformCandidate<WinogradTransform>] {
    let kernels = options.isa.kernels
    let shapes = algorithms(problem, options).map { WinogradTransform($0, kernels: kernels) }
    return TransformCost(problem, options).candidates(shapes) {
      Self.expectedError($0.algorithm, problem)
    } refusal: {
      options.inaccuracy(Self.expectedError($0.algorithm, problem))
    }
  }

  /// The tile and the schedule of least estimated cost for a problem that is taken.
  func cheapest(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) -> TransformCandidate<WinogradTransform> {
    let candidates = weigh(unstrided(problem, options), options)
    return candidates[TransformCandidate.cheapest(candidates)!]
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    try planOrDecline(problem, options) { options throws(AllocationError) -> any ConvolutionPlan in
      let best = cheapest(problem, options)
      let reshaping = reshaping(problem, options)
      let plan = try TransformPlan(
        reshaping?.inner ?? problem, options, transform: best.shape,
        schedule: best.estimate.schedule, name: best.shape.name,
        errorBound: WinogradBound(algorithm: best.shape.algorithm),
        srcLayout: reshaping.map { _ in .blocked(lanes: options.isa.kernels.lanes) })
      guard let reshaping else { return plan }
      return try SpaceToDepthPlan(reshaping, options, inner: plan)
    }
  }
}

extension WinogradBackend: WeighingBackend {
  func candidates(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(Unsupported) -> [PlanCandidate] {
    try validate(problem, options)
    return TransformCandidate.described(
      weigh(unstrided(problem, options), options.limited(to: problem)))
  }
}
