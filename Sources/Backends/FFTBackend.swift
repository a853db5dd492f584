import Convolution

/// Convolution by FFT, overlap-save on T×T tiles or whole images:
/// `dst tile = IFFT(Σ_c FFT(src patch) · conj FFT(wei))`.
///
/// Algorithm: see `FFTTransform`. Schedule: see `TransformPlan`; the tile and the schedule are those of least
/// estimated cost unless a variant (`t8`, `t16`, `t32`, `whole`) forces the tile.
struct FFTBackend: ConvolutionBackend {
  let name = "fft"
  let summary =
    "FFT by FFTW of tiles (overlap-save) or whole images, one matrix product a frequency; stride 1"
  let variants = sizes.map(FFTGeometry.name) + [FFTGeometry.whole]
  let schedules = TransformSchedule.names

  /// Smallest first.
  private static let sizes = [8, 16, 32]
  /// Transformed weights beyond this are refused: they would be streamed from memory at every call.
  private static let mostWeightBytes = 4 << 30
  /// Tiles of more points are refused: 16 channels of one take more than 256 MiB, several times a thread.
  private static let mostPoints = 1 << 22

  func validate(_ p: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {
    guard p.sh == 1, p.sw == 1 else { throw Unsupported("stride \(p.sh)x\(p.sw), needs 1") }
    guard p.dh == 0, p.dw == 0 else { throw Unsupported(dilated: p) }
    guard p.kh > 1 || p.kw > 1 else {
      throw Unsupported("kernel 1x1 has no sum that a transform could shorten; see gemm-1x1")
    }
    guard !p.isDepthwise else {
      throw Unsupported("depthwise: one input channel a group leaves no products to save")
    }
    let fitting = geometries(p, options)
    guard let least = fitting.min(by: { $0.weightPlanes < $1.weightPlanes }) else {
      throw Unsupported("kernel \(p.kh)x\(p.kw) does not fit variant \(options.variant ?? "")")
    }
    if let excess = excess(p, least) { throw Unsupported(excess) }
    try options.requireAccuracy(Self.expectedError(p), of: least.name)
    if options.forcesSchedule { try TransformCandidate.requirePossible(weigh(p, options)) }
  }

  /// Tiles that leave at least two outputs along each axis, and the whole image where that is another one.
  private func geometries(_ p: ConvolutionProblem, _ options: PlanOptions) -> [FFTGeometry] {
    let tiles = Self.sizes.compactMap { FFTGeometry(size: $0, p) }
      .filter { options.allows(tile: $0.name) }
    let whole = FFTGeometry(whole: p)
    guard options.allows(tile: whole.name), !tiles.contains(where: { $0.replaces(whole) }) else {
      return tiles
    }
    return tiles + [whole]
  }

  private func weightBytes(_ p: ConvolutionProblem, _ geometry: FFTGeometry) -> Double {
    Double(geometry.weightPlanes) * Double(p.oc) * Double(p.icPerGroup) * 4
  }

  /// Why a tile or the transformed weights are too much; nil if they are not.
  private func excess(_ p: ConvolutionProblem, _ geometry: FFTGeometry) -> String? {
    guard geometry.points <= Self.mostPoints else {
      return
        "a tile of \(geometry.height)x\(geometry.width) points, more than the limit of \(Self.mostPoints)"
    }
    let bytes = weightBytes(p, geometry)
    guard bytes > Double(Self.mostWeightBytes) else { return nil }
    let gigabytes = Int((bytes / Double(1 << 30)).rounded(.up))
    return "transformed weights of \(gigabytes) GiB, more than the limit of 4 GiB"
  }

  /// Every tile and schedule.
  private func weigh(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) -> [TransformCandidate<FFTGeometry>] {
    let error = Self.expectedError(problem)
    return TransformCost(problem, options).candidates(geometries(problem, options)) { _ in
      error
    } refusal: {
      excess(problem, $0) ?? options.inaccuracy(error)
    }
  }

  /// The tile size and the schedule of least estimated cost for a problem that is taken.
  func cheapest(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) -> TransformCandidate<FFTGeometry> {
    let candidates = weigh(problem, options)
    return candidates[TransformCandidate.cheapest(candidates)!]
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    try planOrDecline(problem, options) { options throws(AllocationError) in
      let best = cheapest(problem, options)
      return try TransformPlan(
        problem, options,
        transform: FFTTransform(
          best.shape, problem, kernels: options.isa.kernels, rigor: options.rigor),
        schedule: best.estimate.schedule, name: best.shape.name,
        errorBound: FFTBound(geometry: best.shape))
    }
  }
}

extension FFTBackend: WeighingBackend {
  func candidates(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(Unsupported) -> [PlanCandidate] {
    try validate(problem, options)
    return TransformCandidate.described(weigh(problem, options.limited(to: problem)))
  }
}
