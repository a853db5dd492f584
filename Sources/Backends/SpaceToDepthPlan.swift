import Convolution
import Glibc
import Parallel

/// A strided convolution by way of one of stride 1: see `SpaceToDepth`.
///
/// The source is first gathered into blocks of channels, all threads together, row by row; the plan
/// of the reshaped problem reads that.
final class SpaceToDepthPlan: PhasedPlan {
  let variant: String
  let src: TensorDescription
  let dst: TensorDescription
  let weightsBytes: Int
  let workspaceBytes: Int
  let executedFLOPs: Double
  let errorBound: any ErrorBound

  private let reshaping: SpaceToDepth
  private let inner: any PhasedPlan
  private let lanes: Int
  private let gathered: AlignedBuffer
  private let region: ParallelRegion

  /// Whether the source stays plain: NCHW, and fewer channels than a block in native layout.
  static func isPlain(_ problem: ConvolutionProblem, _ options: PlanOptions) -> Bool {
    options.layout == .nchw || problem.icPerGroup < options.isa.kernels.lanes
  }

  /// - Parameter inner: a plan of `reshaping.inner` that reads blocked channels.
  init(
    _ reshaping: SpaceToDepth, _ options: PlanOptions, inner: any PhasedPlan
  ) throws(AllocationError) {
    self.reshaping = reshaping
    self.inner = inner
    lanes = options.isa.kernels.lanes
    let p = reshaping.outer
    src = p.srcDescription(Self.isPlain(p, options) ? .nchw : .blocked(lanes: lanes))
    dst = inner.dst
    // Zero from the start: cells past the image and channels past the last are never written.
    gathered = try AlignedBuffer(count: inner.src.count)
    gathered.elements.update(repeating: 0)
    region = ParallelRegion(threads: options.threads, stages: [p.mb * p.g * reshaping.inner.ih])
    weightsBytes = inner.weightsBytes
    workspaceBytes = inner.workspaceBytes + gathered.byteCount
    executedFLOPs = inner.executedFLOPs
    errorBound = SpaceToDepthBound(reshaping: reshaping, inner: inner.errorBound)
    variant = "\(inner.variant) s2d \(p.sh)x\(p.sw)"
  }

  func prepare(wei: UnsafePointer<Float>, bias: UnsafePointer<Float>?) {
    reshaping.weights(wei).withUnsafeBufferPointer {
      inner.prepare(wei: $0.baseAddress!, bias: bias)
    }
  }

  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    gather(src, clock: nil)
    inner.execute(src: gathered.readOnly, dst: dst)
  }

  /// Those of the inner plan; gathering is reordering.
  var phases: [ConvolutionPhase: PhaseWork] {
    let bytes = (src.count + gathered.count) * 4
    let traffic = PhaseWork.Traffic(
      bytes: Double(bytes), footprint: bytes + dst.count * 4 + weightsBytes + workspaceBytes)
    var phases = inner.phases
    phases[.reorder, default: PhaseWork()].traffic.append(traffic)
    return phases
  }

  func executePhased(
    src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>
  ) -> [ConvolutionPhase: Double] {
    let clock = PhaseClock(threads: region.threads)
    gather(src, clock: clock)
    return clock.finish([.reorder]).merging(
      inner.executePhased(src: gathered.readOnly, dst: dst), uniquingKeysWith: +)
  }

  private func gather(_ source: UnsafePointer<Float>, clock: PhaseClock?) {
    region.run { _, item, thread in
      clock?.begin(thread)
      let (image, row) = item.quotientAndRemainder(dividingBy: reshaping.inner.ih)
      gather(source, image: image, row: row)
      clock?.end(.reorder, thread)
    }
  }

  /// One row of cells of one image and group.
  private func gather(_ source: UnsafePointer<Float>, image: Int, row: Int) {
    let p = reshaping.outer
    let (n, group) = image.quotientAndRemainder(dividingBy: p.g)
    // Pixels across that some output reads.
    let columns = min(p.iw, reshaping.inner.iw * p.sw)
    let isBlocked = src.layout != .nchw && !reshaping.pixelsLast
    for y in 0..<p.sh where row * p.sh + y < p.ih {
      for c in stride(from: 0, to: p.icPerGroup, by: isBlocked ? lanes : 1) {
        let line =
          source + src.offset(n: n, c: group * p.icPerGroup + c, y: row * p.sh + y, x: 0)
        for x in 0..<min(p.sw, columns) {
          let channel = group * reshaping.inner.icPerGroup + reshaping.channel(c, y: y, x: x)
          let cells = gathered.baseAddress + inner.src.offset(n: n, c: channel, y: row, x: 0)
          let count = (columns - x + p.sw - 1) / p.sw
          if isBlocked {
            for cell in 0..<count {
              memcpy(cells + cell * lanes, line + (x + cell * p.sw) * lanes, lanes * 4)
            }
          } else {
            let step = src.layout == .nchw ? 1 : lanes
            for cell in 0..<count { cells[cell * lanes] = line[(x + cell * p.sw) * step] }
          }
        }
      }
    }
  }
}
