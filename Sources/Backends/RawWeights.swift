import Convolution
import KernelInterface
import Parallel

/// Kernels that are transformed while products wait for them: `sums[ξ] = Σ_c spectra[ξ][c] · (G g_c Gᵀ)[ξ]`.
///
/// Transformed weights have `α²` values where a kernel has `r²`, 4 to 7 times as many, and may stream from memory. Here
/// kernels `[column][c][vector][tap][L]` are read instead; of one column of outputs, as many channels as fit into half of
/// L2 are transformed, multiplied with, and forgotten. Sums are added up over those parts of the channels.
final class RawWeights {
  private let problem: ConvolutionProblem
  private let transform: KernelTransform
  private let product: PlaneProduct
  /// Vectors of channels that are transformed together.
  private let parts: StableTable<Range<Int>>
  /// Between planes of transformed weights: an odd number of cache lines.
  private let stride: Int
  private let kernels: AlignedBuffer
  private let transformed: AlignedBuffer
  private let transformedCount: Int

  init(
    _ problem: ConvolutionProblem, _ transform: KernelTransform, _ product: PlaneProduct,
    context: KernelContext, threads: Int
  ) throws(AllocationError) {
    (self.problem, self.transform, self.product) = (problem, transform, product)
    let lanes = context.lanes
    let width = (product.columns.map(\.vectors).max() ?? 0) * lanes
    let blocks = context.vectors(problem.icPerGroup)
    let room = CacheSizes.current.l2 / 2 / MemoryLayout<Float>.size
    let parts = RegisterTiling.split(
      blocks, most: max(1, room / (product.planes * width * lanes)))
    self.parts = StableTable(parts)
    let channels = min((parts.map(\.count).max() ?? 0) * lanes, problem.icPerGroup)
    stride = PlaneProduct.oddLines(channels * width)
    kernels = try AlignedBuffer(
      count: problem.g * problem.icPerGroup * product.vectors * lanes * transform.taps)
    transformedCount = product.planes * stride
    transformed = try AlignedBuffer(count: threads * transformedCount)
  }

  /// In so many parts channels are transformed.
  var partCount: Int { parts.count }
  var byteCount: Int { kernels.byteCount }
  var workspaceBytes: Int { transformed.byteCount }
  /// What transforming takes.
  var work: TransformWork.Kernels {
    let size = MemoryLayout<Float>.size
    return .init(
      flops: transform.flops, bytes: product.planes * size, near: transformedCount * size)
  }

  /// Floats before the kernels of a column.
  private func offset(group: Int, column: Int) -> Int {
    let vectors = group * product.vectors + product.vectors(column: column).lowerBound
    return vectors * product.lanes * problem.icPerGroup * transform.taps
  }

  func prepare(_ wei: UnsafePointer<Float>, threads: Int) {
    let (p, product, taps) = (problem, self.product, transform.taps)
    let (lanes, columns) = (product.lanes, product.columns.count)
    // Safety: every item writes the kernels of its own column of its own group.
    nonisolated(unsafe) let (wei, packed) = (wei, kernels.baseAddress)
    ParallelRegion(threads: threads, stages: [p.g * columns]).run { _, item, _ in
      let (g, column) = item.quotientAndRemainder(dividingBy: columns)
      let vectors = product.vectors(column: column)
      let target = packed + self.offset(group: g, column: column)
      for k in vectors.lowerBound * lanes..<min(vectors.upperBound * lanes, p.ocPerGroup) {
        let (vector, lane) = (k - vectors.lowerBound * lanes).quotientAndRemainder(
          dividingBy: lanes)
        for channel in 0..<p.icPerGroup {
          let kernel = wei + ((g * p.ocPerGroup + k) * p.icPerGroup + channel) * taps
          let place = target + (channel * vectors.count + vector) * taps * lanes + lane
          for tap in 0..<taps { place[tap * lanes] = kernel[tap] }
        }
      }
    }
  }

  /// All planes of one column for a block of some shape.
  func multiply(
    column: Int, group: Int, shape: Int, spectra: UnsafeMutablePointer<Float>,
    sums: UnsafeMutablePointer<Float>, thread: Int
  ) {
    let own = transformed.baseAddress + thread * transformedCount
    let vectors = product.vectors(column: column).count
    let (lanes, channels) = (product.lanes, problem.icPerGroup)
    var arguments = KernelTransformArguments(
      src: kernels.readOnly + offset(group: group, column: column), dst: own, xi_stride: stride,
      vectors: 0)
    for index in 0..<parts.count {
      let part = parts.values[index]
      arguments.vectors =
        (min(part.upperBound * lanes, channels) - part.lowerBound * lanes) * vectors
      transform.function(&arguments)
      arguments.src += arguments.vectors * transform.taps * lanes
      for plane in 0..<product.planes {
        product.multiply(
          column: column, plane: plane, shape: shape, part: part, weights: own + plane * stride,
          spectra: spectra, sums: sums)
      }
    }
  }
}
