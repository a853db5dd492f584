import Convolution
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
        func cells(_ x: Int) -> UnsafeMutablePointer<Float> {
          let channel = group * reshaping.inner.icPerGroup + reshaping.channel(c, y: y, x: x)
          return gathered.baseAddress + inner.src.offset(n: n, c: channel, y: row, x: 0)
        }
        if isBlocked {
          for x in 0..<min(p.sw, columns) {
            let count = (columns - x + p.sw - 1) / p.sw
            copyBlocks(count, line + x * lanes, p.sw * lanes, to: cells(x))
          }
        } else {
          gather(line, columns, step: src.layout == .nchw ? 1 : lanes, to: cells)
        }
      }
    }
  }

  /// One row of pixels, `step` floats apart, where those of a cell follow each other in the channels.
  private func gather(
    _ line: UnsafePointer<Float>, _ columns: Int, step: Int,
    to cells: (Int) -> UnsafeMutablePointer<Float>
  ) {
    let width = reshaping.outer.sw
    var x = 0
    while x < min(width, columns) {
      let target = cells(x)
      // Neighbours move together as far as they lie in one block of channels.
      var together = 1
      while step == 1, together < 4, x + 2 * together <= min(width, columns),
        cells(x + 2 * together - 1) == target + 2 * together - 1
      {
        together *= 2
      }
      let whole = (columns - x - together) / width + 1
      let (source, stride) = (line + x * step, width * step)
      switch together {
      case 4: copyCells(whole, of: SIMD4<Float>.self, source, stride, to: target)
      case 2: copyCells(whole, of: SIMD2<Float>.self, source, stride, to: target)
      default: copyCells(whole, of: Float.self, source, stride, to: target)
      }
      // What the right edge leaves of the last cell.
      for rest in 0..<max(0, columns - x - whole * width) {
        target[whole * lanes + rest] = source[whole * stride + rest]
      }
      x += together
    }
  }

  /// Whole blocks of channels.
  private func copyBlocks(
    _ count: Int, _ source: UnsafePointer<Float>, _ stride: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    switch lanes {
    case 16: copyCells(count, of: SIMD16<Float>.self, source, stride, to: target)
    case 8: copyCells(count, of: SIMD8<Float>.self, source, stride, to: target)
    default: copyCells(count, of: SIMD4<Float>.self, source, stride, to: target)
    }
  }

  @inline(__always)
  private func copyCells<Pixels>(
    _ count: Int, of type: Pixels.Type, _ source: UnsafePointer<Float>, _ stride: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    let (from, to) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
    for cell in 0..<count {
      let pixels = from.loadUnaligned(fromByteOffset: cell * stride * 4, as: Pixels.self)
      to.storeBytes(of: pixels, toByteOffset: cell * lanes * 4, as: Pixels.self)
    }
  }
}
