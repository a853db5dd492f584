import Convolution
import KernelInterface
import Parallel
import WinogradAlgebra

/// Winograd's filtering along rows, for plain planes with fewer channels than a vector has lanes.
///
/// With few channels the 2-D transforms of outputs take longer than the products that they save. Along rows alone
/// they are short enough to follow the products in registers (`StripTile`), and those are half of the direct
/// ones for F(4, 3).
///
/// Layouts (L = lanes, ξ = place in a spectrum): transformed lines `[line][c][block][ξ][strip of L]`, weights
/// `[column][tap down][c][ξ][vectors·L]`. An item is a band of output rows of one image: its thread transforms
/// the lines that they read, which stay in its L2 while all output channels pass over them.
final class StripPlan: ClockedPlan {
  let variant: String
  let src: TensorDescription
  let dst: TensorDescription
  let errorBound: any ErrorBound
  let phases: [ConvolutionPhase: PhaseWork]
  let executedFLOPs: Double
  let weightsBytes: Int
  let workspaceBytes: Int

  /// Vectors of output channels with the tiles of a row.
  private struct Column {
    let vectors: Range<Int>
    let runs: Range<Int>
  }

  private struct Tiles {
    let run: StripGeometry.Run
    let function: StripFunction
  }

  private let problem: ConvolutionProblem
  private let options: PlanOptions
  private let geometry: StripGeometry
  private let source: StripSourceFunction
  // What threads share lies in stable memory: each would have to wait for the other's count of references.
  private let columns: StableTable<Column>
  private let tiles: StableTable<Tiles>
  private let bands: StableTable<Range<Int>>
  private let region: ParallelRegion
  private let weights: AlignedBuffer
  private let bias: AlignedBuffer
  private let lines: AlignedBuffer
  private let raw: AlignedBuffer
  private let linesCount: Int
  private let rawCount: Int
  private let lineCount: Int
  private let lanes: Int
  private let vectors: Int
  private let streams: Bool

  /// - Parameter streamsAbove: bytes of a destination from which it is written past the caches, as by `DirectPlan`.
  ///   vgg16-conv1_1 with 8 images, 103 MB: 1.38 times as fast on one thread, 1.34 on two.
  init(
    _ geometry: StripGeometry, _ options: PlanOptions,
    streamsAbove: Int = CacheSizes.current.l3
  ) throws(AllocationError) {
    let (p, kernels, algorithm) = (geometry.problem, geometry.kernels, geometry.algorithm)
    (self.geometry, self.options, problem) = (geometry, options, p)
    (lanes, vectors, lineCount) = (geometry.lanes, geometry.vectors, geometry.lineCount)
    source = kernels.strip_source(algorithm.m, algorithm.r)!
    src = p.srcDescription(.nchw)
    dst = p.dstDescription(.blocked(lanes: lanes))
    streams = !options.relu && dst.count * 4 > streamsAbove
    errorBound = StripBound(algorithm: algorithm)
    var tiles: [Tiles] = []
    columns = StableTable(
      geometry.columns.map { vectors in
        let first = tiles.count
        tiles += geometry.runs(vectors: vectors.count).map {
          Tiles(
            run: $0,
            function: kernels.strip_tile(algorithm.m, algorithm.r, $0.strips, vectors.count)!)
        }
        return Column(vectors: vectors, runs: first..<tiles.count)
      })
    self.tiles = StableTable(tiles)
    let bands = geometry.bands(threads: options.threads)
    self.bands = StableTable(bands)
    let most = bands.map { geometry.lines($0).count }.max()!
    linesCount = most * p.icPerGroup * lineCount
    rawCount = geometry.rawCount
    weights = try AlignedBuffer(count: geometry.weightsCount)
    bias = try AlignedBuffer(count: p.g * vectors * lanes)
    lines = try AlignedBuffer(count: linesCount * options.threads)
    // Zero from the start: what lies beside the image is never written.
    raw = try AlignedBuffer(count: rawCount * options.threads)
    raw.elements.update(repeating: 0)
    region = ParallelRegion(threads: options.threads, stages: [p.mb * p.g * bands.count])
    weightsBytes = weights.byteCount + (options.bias ? bias.byteCount : 0)
    workspaceBytes = lines.byteCount + raw.byteCount
    phases = Self.work(
      geometry, bands, srcBytes: src.count * 4, dstBytes: dst.count * 4, near: workspaceBytes,
      weightsBytes: weights.byteCount)
    executedFLOPs = phases.values.reduce(0) { $0 + $1.flops }
    variant = "\(geometry.name) rows \(tiles[0].run.strips)"
  }

  /// The output transform happens in registers, as a part of the products.
  private static func work(
    _ geometry: StripGeometry, _ bands: [Range<Int>], srcBytes: Int, dstBytes: Int, near: Int,
    weightsBytes: Int
  ) -> [ConvolutionPhase: PhaseWork] {
    let (p, algorithm) = (geometry.problem, geometry.algorithm)
    let (bt, at) = (
      StraightLineProgram(algorithm.bt).flops, StraightLineProgram(algorithm.at).flops
    )
    let images = Double(p.mb * p.g)
    let lines = images * Double(p.icPerGroup * bands.reduce(0) { $0 + geometry.lines($1).count })
    let stored = lines * Double(geometry.lineCount)
    let steps = (0..<p.oh).reduce(0) { $0 + geometry.taps(row: $1).count } * p.icPerGroup
    let outputs = images * Double(geometry.strips * geometry.vectors * geometry.lanes)
    let everything = srcBytes + dstBytes + weightsBytes + near
    let spectra = PhaseWork.Traffic(bytes: stored * 4, footprint: near)
    let weights = Double(weightsBytes) * Double(p.mb * bands.count)
    return [
      .input: PhaseWork(
        flops: stored / Double(algorithm.alpha) * Double(bt),
        traffic: [.init(bytes: Double(srcBytes), footprint: everything), spectra]),
      .product: PhaseWork(
        flops: outputs
          * (2 * Double(steps * algorithm.alpha) + Double(p.oh * (at + algorithm.m))),
        traffic: [
          spectra, .init(bytes: weights, footprint: near, shared: weightsBytes),
          .init(bytes: Double(dstBytes), footprint: everything),
        ]),
    ]
  }

  /// `G g` for each row of a kernel in float64, rounded once.
  func prepare(wei: UnsafePointer<Float>, bias source: UnsafePointer<Float>?) {
    let (p, lanes, columns, vectors) = (problem, lanes, self.columns, self.vectors)
    if let source { scatterBias(source, p, lanes: lanes, to: bias) }
    let g = geometry.algorithm.g.map { $0.map(\.doubleValue) }
    let (alpha, r) = (g.count, p.kw)
    let steps = p.kh * p.icPerGroup
    // Safety: every item writes the transformed weights of its own column of its own group.
    nonisolated(unsafe) let (wei, packed) = (wei, weights.baseAddress)
    ParallelRegion(threads: options.threads, stages: [p.g * columns.count]).run { _, item, _ in
      let (group, c) = item.quotientAndRemainder(dividingBy: columns.count)
      let own = columns.values[c].vectors
      let width = own.count * lanes
      let target = packed + (group * vectors + own.lowerBound) * lanes * steps * alpha
      for lane in 0..<width {
        let k = own.lowerBound * lanes + lane
        guard k < p.ocPerGroup else { continue }
        for row in 0..<p.kh {
          for channel in 0..<p.icPerGroup {
            let kernel =
              wei + (((group * p.ocPerGroup + k) * p.icPerGroup + channel) * p.kh + row) * r
            let place = target + (row * p.icPerGroup + channel) * alpha * width + lane
            for xi in 0..<alpha {
              place[xi * width] = Float((0..<r).reduce(0.0) { $0 + g[xi][$1] * Double(kernel[$1]) })
            }
          }
        }
      }
    }
  }

  var threads: Int { options.threads }

  func run(
    _ src: UnsafePointer<Float>, _ dst: UnsafeMutablePointer<Float>, clock: PhaseClock?
  ) {
    region.run { _, item, thread in
      clock?.begin(thread)
      let (image, band) = item.quotientAndRemainder(dividingBy: bands.count)
      let rows = bands.values[band]
      transform(src, image: image, geometry.lines(rows), thread)
      clock?.end(.input, thread)
      compute(image: image, rows, to: dst, thread)
      clock?.end(.product, thread)
    }
  }

  /// Lines of all channels of one group of one image.
  private func transform(
    _ source: UnsafePointer<Float>, image: Int, _ lines: Range<Int>, _ thread: Int
  ) {
    let p = problem
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

  /// All output channels of a band of one group of one image.
  private func compute(
    image: Int, _ rows: Range<Int>, to dst: UnsafeMutablePointer<Float>, _ thread: Int
  ) {
    let (p, alpha) = (problem, geometry.algorithm.alpha)
    let group = image % p.g
    let plane = p.oh * p.ow * lanes
    let steps = p.kh * p.icPerGroup
    let first = geometry.lines(rows).lowerBound
    let lineStride = p.icPerGroup * lineCount
    let own = lines.readOnly + thread * linesCount
    for c in 0..<columns.count {
      let column = columns.values[c]
      let place = group * vectors + column.vectors.lowerBound
      let wei = weights.readOnly + place * lanes * steps * alpha
      let planes = dst + (image * vectors + column.vectors.lowerBound) * plane
      let tapStride = p.icPerGroup * alpha * column.vectors.count * lanes
      for row in rows {
        let taps = geometry.taps(row: row)
        let pixels = own + (row - p.ph + taps.lowerBound - first) * lineStride
        var arguments = StripArguments(
          src: pixels, first_strip: 0, step_stride: lineCount, steps: taps.count * p.icPerGroup,
          wei: wei + taps.lowerBound * tapStride, dst: planes, dst_vector_stride: plane,
          bias: options.bias ? bias.readOnly + place * lanes : nil, relu: options.relu ? 1 : 0,
          streams: streams && Int(bitPattern: planes) % (lanes * MemoryLayout<Float>.size) == 0
            ? 1 : 0,
          tiles: 0)
        for index in column.runs {
          let tiles = tiles.values[index]
          arguments.src = pixels + tiles.run.offset
          arguments.first_strip = tiles.run.firstStrip
          arguments.dst = planes + (row * p.ow + tiles.run.firstPixel) * lanes
          arguments.tiles = tiles.run.tiles
          tiles.function(&arguments)
        }
      }
    }
    if streams { kernel_end_streaming() }
  }
}
