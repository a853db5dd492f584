import Convolution
import Parallel

/// Convolution by FFT, overlap-save on T×T tiles: `dst tile = IFFT(Σ_c FFT(src patch) · conj FFT(wei))`.
///
/// Algorithm: see `FFTTransform`. Schedule: see `TransformPlan`; T and the schedule are those of least
/// estimated cost unless a variant (`t8`, `t16`, `t32`) forces T.
struct FFTBackend: ConvolutionBackend {
  let name = "fft"
  let summary = "tiled (overlap-save) FFT by FFTW, one matrix product a frequency; stride 1"
  let variants = sizes.map { "t\($0)" }

  private static let sizes = [8, 16, 32]
  /// Transformed weights beyond this are refused: they would be streamed from memory at every call.
  private static let mostWeightBytes = 4 << 30

  func validate(_ p: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {
    guard p.sh == 1, p.sw == 1 else { throw Unsupported("stride \(p.sh)x\(p.sw), needs 1") }
    guard p.dh == 0, p.dw == 0 else { throw Unsupported("dilation \(p.dh)x\(p.dw), needs 0") }
    guard p.kh > 1 || p.kw > 1 else {
      throw Unsupported("kernel 1x1 has no sum that a transform could shorten; see gemm-1x1")
    }
    guard !p.isDepthwise else {
      throw Unsupported("depthwise: one input channel a group leaves no products to save")
    }
    let fitting = candidates(p, options)
    guard !fitting.isEmpty else {
      throw Unsupported(
        "kernel \(p.kh)x\(p.kw) does not fit "
          + (options.variant.map { "variant \($0)" } ?? "tiles of up to 32x32"))
    }
    let smallest = fitting.map { weightBytes(p, $0) }.min()!
    guard smallest <= Double(Self.mostWeightBytes) else {
      throw Unsupported(
        "transformed weights of \(Int(smallest / 1e9)) GB, more than the limit of 4 GiB")
    }
  }

  /// Tile sizes that leave at least two outputs along each axis.
  private func candidates(_ p: ConvolutionProblem, _ options: PlanOptions) -> [Int] {
    Self.sizes.filter {
      $0 > max(p.kh, p.kw) && (options.variant == nil || options.variant == "t\($0)")
    }
  }

  private func weightBytes(_ p: ConvolutionProblem, _ size: Int) -> Double {
    Double(FFTGeometry.planes(size: size)) * Double(p.oc) * Double(p.icPerGroup) * 4
  }

  /// The tile size and the schedule of least estimated cost, in cycles, for a problem that is taken.
  func cheapest(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) -> (geometry: FFTGeometry, schedule: TransformSchedule, cost: Double) {
    let cost = TransformCost(
      problem: problem, lanes: options.isa.kernels.lanes, threads: options.threads, cache: .current)
    let choices = candidates(problem, options).filter {
      weightBytes(problem, $0) <= Double(Self.mostWeightBytes)
    }.map { size in
      let geometry = FFTGeometry(size: size, kh: problem.kh, kw: problem.kw)
      let best = cost.best(
        planes: geometry.planes, tileHeight: geometry.tileHeight,
        tileWidth: geometry.tileWidth, transformFLOPs: geometry.flops)
      return (geometry: geometry, schedule: best.0, cost: best.1)
    }
    return choices.min { $0.cost < $1.cost }!
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    try planOrDecline(problem, options) { () throws(AllocationError) in
      let best = cheapest(problem, options)
      return try TransformPlan(
        problem, options, transform: FFTTransform(best.geometry, kernels: options.isa.kernels),
        schedule: best.schedule, name: "t\(best.geometry.size)",
        errorBound: FFTBound(geometry: best.geometry))
    }
  }
}
