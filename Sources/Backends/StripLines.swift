import Convolution
import KernelInterface

/// Transformed lines of the source for strips along rows, of each thread its own.
///
/// Layout (L = lanes, ξ = place in a spectrum): `[line][c][block][ξ][strip of L]`.
struct StripLines {
  private let geometry: StripGeometry
  private let source: StripSourceFunction
  private let lines: AlignedBuffer
  private let raw: AlignedBuffer
  private let linesCount: Int
  private let rawCount: Int
  private let lineCount: Int

  /// Room for what each of `bands` of output rows reads.
  init(_ geometry: StripGeometry, bands: [Range<Int>], threads: Int) throws(AllocationError) {
    self.geometry = geometry
    let (kernels, algorithm) = (geometry.kernels, geometry.algorithm)
    source =
      geometry.layout == .native
      ? kernels.strip_source(algorithm.m, algorithm.r)!
      : kernels.strip_row_source(algorithm.m, algorithm.r)!
    lineCount = geometry.lineCount
    linesCount =
      bands.map { geometry.lines($0).count }.max()! * geometry.problem.icPerGroup * lineCount
    rawCount = geometry.rawCount
    lines = try AlignedBuffer(count: linesCount * threads)
    // Zero from the start: what lies beside the image is never written.
    raw = try AlignedBuffer(count: rawCount * threads)
    raw.elements.update(repeating: 0)
  }

  var byteCount: Int { lines.byteCount + raw.byteCount }

  /// Lines of all channels of one group of one image (image · g + group).
  func transform(
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
        if arguments.blocks > 0 { self.source(&arguments) }
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

  /// The line that is `index` lines from the first one transformed; channels are `lineCount` apart.
  func line(_ index: Int, _ thread: Int) -> UnsafePointer<Float> {
    lines.readOnly + (thread * linesCount + index * geometry.problem.icPerGroup * lineCount)
  }
}
