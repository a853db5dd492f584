import COpenBLAS
import Convolution
import KernelInterface
import Parallel

/// Chunks, lowered matrices and weights of one im2col convolution.
final class Im2colPlan: ConvolutionPlan {
  let variant: String
  let src: TensorDescription
  let dst: TensorDescription
  let weightsBytes: Int
  let workspaceBytes: Int
  let executedFLOPs: Double
  let errorBound: any ErrorBound = SummationBound()

  private let problem: ConvolutionProblem
  private let options: PlanOptions
  private let packer: PanelPacker
  private let isLowered: Bool
  private let chunks: [Range<Int>]
  private let channelChunks: [Range<Int>]
  private let width: Int
  private let region: ParallelRegion
  private let weights: AlignedBuffer
  private let bias: AlignedBuffer
  private let lowered: AlignedBuffer
  private let loweredCount: Int
  private let segments: UnsafeMutablePointer<Int32>
  private let segmentCount: Int

  /// Bytes of a thread's lowered chunk: beyond L2, but within one core's share of L3.
  private static let chunkBytes = 4 << 20

  init(_ original: ConvolutionProblem, _ options: PlanOptions) throws(AllocationError) {
    OpenBLAS.useOneThread()
    self.options = options
    let p = original.flattened
    problem = p
    src = original.srcDescription(.nchw)
    dst = original.dstDescription(.nchw)
    let kernels = options.isa.kernels
    packer = PanelPacker(problem: p, kernels: kernels)
    isLowered = !p.isOwnLowering
    let pixels = p.oh * p.ow
    let most = max(2 * kernels.lanes, Self.chunkBytes / 4 / p.reduction)
    let images = p.mb * p.g
    // Enough chunks for all threads; where images are small, the output channels are cut instead.
    let perThread = (images * pixels + options.threads - 1) / options.threads
    let wanted = max(min(most, pixels, perThread), min(pixels, 192))
    chunks = WorkSplit.parts(
      of: pixels, most: wanted, otherItems: images, threads: options.threads)
    let items = images * chunks.count
    let parts = items >= options.threads ? 1 : (options.threads + items - 1) / items
    channelChunks = RegisterTiling.split(
      p.ocPerGroup, most: (p.ocPerGroup + parts - 1) / parts)
    let longest = chunks.map(\.count).max()!
    width = kernels.wholeVectors(longest)
    loweredCount = isLowered ? width * p.reduction : 0
    segmentCount = packer.segmentCount(panels: 1, width: width)
    lowered = try AlignedBuffer(count: loweredCount * options.threads)
    weights = try AlignedBuffer(count: p.weiCount)
    bias = try AlignedBuffer(count: p.oc)
    segments = .allocate(capacity: segmentCount * options.threads)
    region = ParallelRegion(
      threads: options.threads, stages: [images * chunks.count * channelChunks.count])
    weightsBytes = weights.byteCount + (options.bias ? bias.byteCount : 0)
    workspaceBytes = lowered.byteCount + segmentCount * options.threads * 4
    executedFLOPs = original.flops
    variant = isLowered ? "chunk \(longest)" : "not lowered"
  }

  deinit { segments.deallocate() }

  func prepare(wei: UnsafePointer<Float>, bias source: UnsafePointer<Float>?) {
    weights.baseAddress.update(from: wei, count: problem.weiCount)
    if let source { bias.baseAddress.update(from: source, count: problem.oc) }
  }

  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    let p = problem
    region.run { _, item, thread in
      let (outer, part) = item.quotientAndRemainder(dividingBy: channelChunks.count)
      let (image, chunk) = outer.quotientAndRemainder(dividingBy: chunks.count)
      let (n, group) = image.quotientAndRemainder(dividingBy: p.g)
      let pixels = chunks[chunk]
      let matrix: UnsafePointer<Float>
      let rowStride: Int
      if isLowered {
        let own = lowered.baseAddress + thread * loweredCount
        let destination = PanelPacker.Destination(
          start: own, width: width, rowStride: width, panelStride: 0)
        packer.pack(
          src, n: n, group: group, channels: 0..<p.icPerGroup, panels: chunks[chunk...chunk],
          to: destination, segments: segments + thread * segmentCount)
        (matrix, rowStride) = (UnsafePointer(own), width)
      } else {
        rowStride = p.ih * p.iw
        matrix = src + (n * p.ic + group * p.icPerGroup) * rowStride + pixels.lowerBound
      }
      let channels = channelChunks[part]
      let first = group * p.ocPerGroup + channels.lowerBound
      multiply(
        matrix, rowStride, pixels: pixels.count, channels: first..<first + channels.count,
        to: dst + (n * p.oc + first) * p.oh * p.ow + pixels.lowerBound)
    }
  }

  private func multiply(
    _ matrix: UnsafePointer<Float>, _ rowStride: Int, pixels: Int, channels: Range<Int>,
    to target: UnsafeMutablePointer<Float>
  ) {
    let p = problem
    let wei = weights.readOnly + channels.lowerBound * p.reduction
    if pixels == 1, p.oh * p.ow == 1 {
      cblas_sgemv(
        CblasRowMajor, CblasNoTrans, Int32(channels.count), Int32(p.reduction), 1, wei,
        Int32(p.reduction), matrix, Int32(rowStride), 0, target, 1)
    } else {
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(channels.count), Int32(pixels),
        Int32(p.reduction), 1, wei, Int32(p.reduction), matrix, Int32(rowStride), 0, target,
        Int32(p.oh * p.ow))
    }
    guard options.bias || options.relu else { return }
    let floor = options.relu ? 0 : -Float.infinity
    for (row, channel) in channels.enumerated() {
      let values = target + row * p.oh * p.ow
      let addend = options.bias ? bias.elements[channel] : 0
      for x in 0..<pixels { values[x] = max(values[x] + addend, floor) }
    }
  }
}
