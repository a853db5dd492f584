import Convolution
import WinogradAlgebra

/// Winograd's minimal filtering, `Y = Aᵀ[Σ_c (G g Gᵀ) ⊙ (Bᵀ d B)]A` on m×m output tiles, or on two sizes of them.
///
/// Algorithm: see `WinogradAlgorithm`. Schedule: see `TransformPlan`; the tile size and the schedule
/// are those of least estimated cost (`TransformCost`) among those accurate enough, unless a variant
/// forces the tile. Strided convolutions are reshaped to ones without (`SpaceToDepth`). Sources of few channels may be
/// filtered along rows only: see `StripPlan`.
struct WinogradBackend: ConvolutionBackend {
  let name = "winograd"
  let summary =
    "Winograd F(m×m,3×3) and F(m×m,5×5), tile and schedule chosen by cost; larger kernels by stride"

  /// Tile sizes, `f2` to `f6`, pairs of them, `f6+4`, and strips of rows, `f1x2` and `f1x4`.
  let variants = tiles + WinogradAlgorithm.alongRows.map(StripGeometry.name).sorted()
  let schedules = TransformSchedule.namesWithRaw
  /// Strips have no choice of schedules.
  var forcible: [String] {
    variants + Self.tiles.flatMap { tile in schedules.map { "\(tile)-\($0)" } }
  }

  private static let tiles = Set(WinogradTiles.generated.map(\.name)).sorted()

  /// What a plan can be made of.
  enum Shape: Sendable {
    case tile(WinogradTransform)
    case strip(StripGeometry)
  }

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
    let known =
      tiles(q, options).map { (name: $0.name, error: Self.expectedError($0, q)) }
      + strips(p, options).map { (name: $0.name, error: Self.expectedError($0)) }
    guard let best = known.min(by: { $0.error < $1.error }) else {
      throw Unsupported(obstacle(q, options))
    }
    try options.requireAccuracy(best.error, of: best.name)
    if options.forcesSchedule { try TransformCandidate.requirePossible(weigh(p, options)) }
  }

  /// Why there is no tile for a problem of a size that is taken, strides reshaped away.
  private func obstacle(_ q: ConvolutionProblem, _ options: PlanOptions) -> String {
    let strips = WinogradAlgorithm.alongRows.filter { $0.r == q.kw }
    if let strip = strips.first(where: { options.variant == StripGeometry.name($0) }) {
      let row = StripGeometry.unit(strip, options)
      return
        "strips of \(strip.m) outputs need stride 1, rows of \(row) outputs and fewer than "
        + "\(options.isa.kernels.lanes) input channels a group"
    }
    let sizes = WinogradTiles.generated.filter { $0.r == q.kh }
    if let mixed = sizes.first(where: { options.allows(tile: $0.name) }) {
      return "\(mixed.name): tiles of one size divide \(q.oh)x\(q.ow) outputs with no more products"
    }
    let known = sizes.map(\.name) + strips.map(StripGeometry.name)
    return
      "no \(options.variant ?? "") for \(q.kh)x\(q.kw) kernels, has \(known.joined(separator: ", "))"
  }

  /// The problem reshaped to stride 1; itself where it has that, or cannot be reshaped.
  private func unstrided(_ p: ConvolutionProblem, _ options: PlanOptions) -> ConvolutionProblem {
    reshaping(p, options)?.inner ?? p
  }

  private func reshaping(_ p: ConvolutionProblem, _ options: PlanOptions) -> SpaceToDepth? {
    let isWhole = p.icPerGroup % options.isa.kernels.lanes == 0
    return SpaceToDepth(p, pixelsLast: SpaceToDepthPlan.isPlain(p, options) || !isWhole)
  }

  /// The tiles for a problem without strides; those that are forced, if any.
  private func tiles(_ problem: ConvolutionProblem, _ options: PlanOptions) -> [WinogradTiles] {
    WinogradTiles.generated.filter {
      $0.r == problem.kh && options.allows(tile: $0.name) && $0.divides(problem)
    }
  }

  /// Every tile and schedule, and strips.
  private func weigh(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) -> [TransformCandidate<Shape>] {
    let kernels = options.isa.kernels
    let inner = unstrided(problem, options)
    let shapes = tiles(inner, options).map { WinogradTransform($0, kernels: kernels) }
    let tiles = TransformCost(inner, options).candidates(shapes) {
      Self.expectedError($0.tiles, inner)
    } refusal: {
      options.inaccuracy(Self.expectedError($0.tiles, inner))
    }
    let rows = strips(problem, options).map { geometry in
      let error = Self.expectedError(geometry)
      return TransformCandidate(
        shape: Shape.strip(geometry), name: geometry.name,
        estimate: geometry.estimate(options.threads),
        weightsBytes: geometry.weightsCount * MemoryLayout<Float>.size, expectedError: error,
        refusal: options.inaccuracy(error))
    }
    return tiles.map { $0.map(Shape.tile) } + rows
  }

  /// Strips that take the problem; the ones that are forced, if any.
  private func strips(_ problem: ConvolutionProblem, _ options: PlanOptions) -> [StripGeometry] {
    WinogradAlgorithm.alongRows.filter {
      options.allows(tile: StripGeometry.name($0)) && StripGeometry.takes(problem, $0, options)
    }.map { StripGeometry(problem, $0, options) }
  }

  /// The tile and the schedule of least estimated cost for a problem that is taken.
  func cheapest(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) -> TransformCandidate<Shape> {
    let candidates = weigh(problem, options)
    return candidates[TransformCandidate.cheapest(candidates)!]
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    try planOrDecline(problem, options) { options throws(AllocationError) -> any ConvolutionPlan in
      let best = cheapest(problem, options)
      switch best.shape {
      case .strip(let geometry): return try geometry.makePlan(options)
      case .tile(let transform):
        let reshaping = reshaping(problem, options)
        let plan = try TransformPlan(
          reshaping?.inner ?? problem, options, transform: transform,
          schedule: best.estimate.schedule, name: best.name,
          errorBound: WinogradBound(transform.tiles),
          srcLayout: reshaping.map { _ in .blocked(lanes: options.isa.kernels.lanes) })
        guard let reshaping else { return plan }
        return try SpaceToDepthPlan(reshaping, options, inner: plan)
      }
    }
  }
}

extension WinogradBackend: WeighingBackend {
  func candidates(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(Unsupported) -> [PlanCandidate] {
    try validate(problem, options)
    return TransformCandidate.described(weigh(problem, options.limited(to: problem)))
  }
}
