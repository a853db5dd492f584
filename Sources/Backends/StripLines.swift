import Convolution
import KernelInterface
import Parallel

/// Bands of output rows for strips along them, each with the transformed lines that it reads, which stay in the
/// L2 of its thread.
///
/// Layout (L = lanes, ξ = place in a spectrum): `[line][c][block][ξ][strip of L]`.
struct StripLines {
  private let geometry: StripGeometry
  private let source: StripSourceFunction
  // What threads share lies in stable memory: each would have to wait for the other's count of references.
  private let bands: StableTable<Range<Int>>
  private let region: ParallelRegion
  private let lines: AlignedBuffer
  private let raw: AlignedBuffer
  private let linesCount: Int
  private let rawCount: Int
  private let lineCount: Int

  init(_ geometry: StripGeometry, threads: Int) throws(AllocationError) {
    let (p, kernels, algorithm) = (geometry.problem, geometry.kernels, geometry.algorithm)
    self.geometry = geometry
    source =
      geometry.layout == .native
      ? kernels.strip_source(algorithm.m, algorithm.r)!
      : kernels.strip_row_source(algorithm.m, algorithm.r)!
    let bands = geometry.bands(threads: threads)
    self.bands = StableTable(bands)
    region = ParallelRegion(threads: threads, stages: [p.mb * p.g * bands.count])
    lineCount = geometry.lineCount
    linesCount = bands.map { geometry.lines($0).count }.max()! * p.icPerGroup * lineCount
    rawCount = geometry.rawCount
    lines = try AlignedBuffer(count: linesCount * threads)
    // Zero from the start: what lies beside the image is never written.
    raw = try AlignedBuffer(count: rawCount * threads)
    raw.elements.update(repeating: 0)
  }

  var byteCount: Int { lines.byteCount + raw.byteCount }

  /// Calls `products` with the image (image · g + group), the output rows and the thread of each band, whose lines are
  /// transformed.
  func run(
    _ src: UnsafePointer<Float>, clock: PhaseClock?,
    _ products: (_ image: Int, _ rows: Range<Int>, _ thread: Int) -> Void
  ) {
    region.run { _, item, thread in
      clock?.begin(thread)
      let (image, band) = item.quotientAndRemainder(dividingBy: bands.count)
      let rows = bands.values[band]
      transform(src, image: image, geometry.lines(rows), thread)
      clock?.end(.input, thread)
      products(image, rows, thread)
      clock?.end(.product, thread)
    }
  }

  /// Lines of all channels of one group of one image.
  private func transform(
    _ source: UnsafePointer<Float>, image: Int, _ lines: Range<Int>, _ thread: Int
  ) {
    let p = geometry.problem
    let own = raw.baseAddress + thread * rawCount
    var target = self.lines.baseAddress + thread * linesCount
    for line in lines {
      for channel in 0..<p.icPerGroup {
        let pixels = source + ((image * p.icPerGroup + channel) * p.ih + line) * p.iw
        (own + p.pw).update(from: pixels, count: p.iw)
        var arguments = StripSourceArguments(
          src: UnsafePointer(own), dst: target, blocks: geometry.regularBlocks)
        self.source(&arguments)
        if geometry.hasLast {
          arguments.src += geometry.lastPixel
          arguments.dst += geometry.regularBlocks * geometry.blockCount
          arguments.blocks = 1
          self.source(&arguments)
        }
        target += lineCount
      }
    }
  }

  /// The line that is `index` lines from the first one of a band; channels are `lineCount` apart.
  func line(_ index: Int, _ thread: Int) -> UnsafePointer<Float> {
    lines.readOnly + (thread * linesCount + index * geometry.problem.icPerGroup * lineCount)
  }
}
