import Convolution
import KernelInterface
import Parallel

/// A convolution in a transform domain: input transform, one matrix product a plane, output transform.
///
/// Layouts (L = lanes, T = tiles of a block, ξ = plane): spectra `[ξ][c/L][T][L]`, weights
/// `[column][ξ][c][vectors·L]` (fused), `[group of ξ][column][ξ][c][vectors·L]` (staged) or kernels (raw, see
/// `RawWeights`), sums `[ξ][k/L][T][L]`. ξ strides are odd numbers of cache lines, so that the planes of one tile do not
/// fall into the same cache sets.
final class TransformPlan: ClockedPlan {
  /// A step that all threads finish before the next begins.
  private enum Stage {
    case reorderSource
    case fused
    case input(block: Int)
    case product(block: Int)
    case output(block: Int)
    case reorderDestination
  }

  let variant: String
  let src: TensorDescription
  let dst: TensorDescription
  let errorBound: any ErrorBound
  let phases: [ConvolutionPhase: PhaseWork]
  let executedFLOPs: Double
  let weightsBytes: Int
  let workspaceBytes: Int

  private let problem: ConvolutionProblem
  private let options: PlanOptions
  private let kernels: KernelContext
  private let transform: any TileTransform
  private let schedule: TransformSchedule
  /// What reads and what writes tiles of one size.
  private final class Part {
    let reader: TileReader
    let writer: TileWriter

    init(_ reader: TileReader, _ writer: TileWriter) {
      self.reader = reader
      self.writer = writer
    }
  }
  private struct Block {
    /// In `pieces`.
    let pieces: Range<Int>
    /// As `PlaneProduct` has it.
    let shape: Int
  }

  let streams: TransformStreaming
  /// Parts of the division. Counts of references to them, which all threads would share, took 5 % of the time of
  /// small layers.
  private let parts: StableTable<Unmanaged<Part>>
  private let partsOwners: [Part]
  private let product: PlaneProduct
  private let blocks: StableTable<Block>
  private let pieces: StableTable<TileBlock.Piece>
  private let stages: [Stage]
  private let region: ParallelRegion
  private let weights: AlignedBuffer
  /// Instead of `weights`.
  let rawWeights: RawWeights?
  /// The same, for threads that would count references to it.
  private let sharedRawWeights: Unmanaged<RawWeights>?
  private let bias: AlignedBuffer
  private let spectra: AlignedBuffer
  private let sums: AlignedBuffer
  private let scratch: AlignedBuffer
  private let blockedSrc: AlignedBuffer
  private let blockedDst: AlignedBuffer
  private let spectraCount: Int
  private let sumsCount: Int
  private let readStrip: Int
  private let writeStrip: Int
  private let scratchCount: Int
  private let channelBlocks: Int
  private let columns: Int
  /// Columns of a product that a thread multiplies together.
  private let chunks: StableTable<Range<Int>>

  /// - Parameters:
  ///   - srcLayout: the layout of `src`; by default as `options` say.
  ///   - streamsAbove: bytes of spectra and sums from which spectra are written past the caches, and of two
  ///     destinations.
  init(
    _ problem: ConvolutionProblem, _ options: PlanOptions, transform: any TileTransform,
    schedule: TransformSchedule, name: String, errorBound: any ErrorBound,
    srcLayout: TensorLayout? = nil, streamsAbove: Int = CacheSizes.current.l3
  ) throws(AllocationError) {
    self.problem = problem
    self.options = options
    self.transform = transform
    self.schedule = schedule
    self.errorBound = errorBound
    let kernels = options.isa.kernels
    self.kernels = kernels
    let (lanes, p) = (kernels.lanes, problem)
    let native = TensorLayout.blocked(lanes: lanes)
    let isNative = options.layout == .native
    src = p.srcDescription(srcLayout ?? (isNative ? native : .nchw))
    dst = p.dstDescription(isNative ? native : .nchw)
    let isFused = if case .fused = schedule { true } else { false }
    let viaBlocks = schedule.turnsImages(p, lanes: lanes)
    let isTurned = (src: viaBlocks && src.layout == .nchw, dst: viaBlocks && dst.layout == .nchw)
    let inner = (
      src: isTurned.src ? p.srcDescription(native) : src,
      dst: isTurned.dst ? p.dstDescription(native) : dst
    )
    let packer = WindowPacker(src: inner.src, kernels: kernels)
    let division = transform.division(of: p)
    let blocks = RegisterTiling.split(
      division.units, most: max(1, schedule.tiles / division.unitTiles)
    ).map { division.block($0) }
    product = PlaneProduct(
      transform, blocks, channels: p.icPerGroup, outputs: p.ocPerGroup, kernels: kernels,
      columnSums: isFused)
    let isLine = lanes * MemoryLayout<Float>.size == 64
    let stageBytes = p.g * (product.spectraCount + product.sumsCount) * MemoryLayout<Float>.size
    let dstIsLarge = dst.count * MemoryLayout<Float>.size > streamsAbove / 2
    let streams = TransformStreaming(
      spectra: isLine && !isFused && !schedule.keepsKernels && stageBytes > streamsAbove,
      tiles: isLine && !isFused && dstIsLarge,
      planes: isTurned.dst && dstIsLarge && (p.oh * p.ow).isMultiple(of: lanes))
    self.streams = streams
    let parts = division.parts.map { part in
      let patches = transform.patches(narrow: part.sides)
      return Part(
        TileReader(
          problem: p, grid: part.grid, transform: patches, packer: packer,
          streams: streams.spectra),
        TileWriter(
          problem: p, grid: part.grid, transform: patches, dst: inner.dst, kernels: kernels,
          relu: options.relu, streams: streams.tiles))
    }
    partsOwners = parts
    self.parts = StableTable(parts.map { .passUnretained($0) })
    pieces = StableTable(blocks.flatMap(\.pieces))
    var end = 0
    self.blocks = StableTable(
      zip(blocks, product.shapeOfBlock).map { block, shape in
        end += block.pieces.count
        return Block(pieces: end - block.pieces.count..<end, shape: shape)
      })
    channelBlocks = packer.blocks
    columns = product.columns.count
    chunks = StableTable(product.chunks(threads: options.threads))

    if schedule.keepsKernels, let kernelTransform = transform.kernelTransform {
      rawWeights = try RawWeights(
        p, kernelTransform, product, context: kernels, threads: options.threads)
    } else {
      rawWeights = nil
    }
    sharedRawWeights = rawWeights.map { .passUnretained($0) }
    weights = try AlignedBuffer(count: rawWeights == nil ? p.g * product.weightsCount : 0)
    bias = try AlignedBuffer(count: p.g * product.vectors * lanes)
    let copies = isFused ? options.threads : p.g
    spectraCount = product.spectraCount
    sumsCount = product.sumsCount
    spectra = try AlignedBuffer(count: copies * spectraCount)
    sums = try AlignedBuffer(count: copies * sumsCount)
    let most = blocks.flatMap(\.pieces)
    readStrip = most.map { parts[$0.part].reader.scratchCount(tiles: $0.tiles.count) }.max()!
    writeStrip = most.map { parts[$0.part].writer.scratchCount(tiles: $0.tiles.count) }.max()!
    let needed = max(readStrip + writeStrip + transform.scratchCount, product.weightSumsCount)
    scratchCount = (needed + 15) / 16 * 16
    scratch = try AlignedBuffer(count: options.threads * scratchCount)
    blockedSrc = try AlignedBuffer(count: isTurned.src ? inner.src.count : 0)
    blockedDst = try AlignedBuffer(count: isTurned.dst ? inner.dst.count : 0)

    var stages: [Stage] =
      isFused
      ? [.fused]
      : blocks.indices.flatMap {
        [.input(block: $0), .product(block: $0), .output(block: $0)]
      }
    if isTurned.src { stages.insert(.reorderSource, at: 0) }
    if isTurned.dst { stages.append(.reorderDestination) }
    self.stages = stages
    let (g, vectors, chunks, channelBlocks) = (
      p.g, product.vectors, self.chunks.count, self.channelBlocks
    )
    let (planes, blockCount) = (rawWeights == nil ? product.groups.count : 1, blocks.count)
    region = ParallelRegion(
      threads: options.threads,
      stages: stages.map { stage in
        switch stage {
        case .reorderSource: p.mb * g * channelBlocks
        case .fused: g * blockCount
        case .input: g * channelBlocks
        case .product: g * chunks * planes
        case .output: g * vectors
        case .reorderDestination: p.mb * g * vectors
        }
      })
    let kept = rawWeights?.byteCount ?? weights.byteCount
    weightsBytes = kept + (options.bias ? bias.byteCount : 0)
    workspaceBytes =
      spectra.byteCount + sums.byteCount + scratch.byteCount + blockedSrc.byteCount
      + blockedDst.byteCount + (rawWeights?.workspaceBytes ?? 0)
    let tiles = zip(parts, transform.planes(division)).map { part, planes in
      TransformWork.Tiles(
        count: part.reader.grid.count, transform: part.reader.transform, planes: planes)
    }
    phases =
      TransformWork(
        problem: p, tiles: tiles, blocks: blocks.count, isFused: isFused,
        channels: channelBlocks * lanes, outputs: vectors * lanes,
        srcBytes: src.count * 4, dstBytes: dst.count * 4,
        turnedSrcBytes: isTurned.src ? blockedSrc.byteCount : 0,
        turnedDstBytes: isTurned.dst ? blockedDst.byteCount : 0, weightsBytes: kept,
        kernels: rawWeights?.work, spectraBytes: spectra.byteCount,
        sumsBytes: sums.byteCount
      ).phases
    executedFLOPs = ConvolutionPhase.allCases.reduce(0) { [phases] in $0 + (phases[$1]?.flops ?? 0)
    }
    variant = "\(name) \(schedule.name) \(blocks.map(\.count).max()!)"
  }

  func prepare(wei: UnsafePointer<Float>, bias source: UnsafePointer<Float>?) {
    let (p, product, transform) = (problem, self.product, self.transform)
    if let source { scatterBias(source, p, lanes: kernels.lanes, to: bias) }
    if let rawWeights { return rawWeights.prepare(wei, threads: options.threads) }
    let taps = p.kh * p.kw
    // Safety: every item writes the transformed weights of its own column of its own group.
    nonisolated(unsafe) let (wei, packed) = (wei, weights.baseAddress)
    let columns = product.columns
    ParallelRegion(threads: options.threads, stages: [p.g * columns.count]).run { _, item, _ in
      let (g, c) = item.quotientAndRemainder(dividingBy: columns.count)
      let column = columns[c]
      let width = column.vectors * product.lanes
      let target = packed + g * product.weightsCount
      let offsets = (0..<transform.weightPlanes).map {
        product.weightsOffset(column: c, weightsPlane: $0)
      }
      withUnsafeTemporaryAllocation(of: Float.self, capacity: offsets.count) { spectrum in
        for lane in 0..<width {
          let k = column.firstVector * product.lanes + lane
          guard k < p.ocPerGroup else { continue }
          for channel in 0..<p.icPerGroup {
            let kernel = wei + ((g * p.ocPerGroup + k) * p.icPerGroup + channel) * taps
            transform.weights(kernel, to: spectrum.baseAddress!)
            let place = target + channel * width + lane
            for (plane, offset) in offsets.enumerated() { place[offset] = spectrum[plane] }
          }
        }
      }
    }
  }

  var threads: Int { options.threads }

  func run(
    _ src: UnsafePointer<Float>, _ dst: UnsafeMutablePointer<Float>, clock: PhaseClock?
  ) {
    let source = blockedSrc.count > 0 ? blockedSrc.readOnly : src
    let target = blockedDst.count > 0 ? blockedDst.baseAddress : dst
    region.run { stage, item, thread in
      clock?.begin(thread)
      switch stages[stage] {
      case .reorderSource:
        reorderSource(src, item)
        clock?.end(.reorder, thread)
      case .fused: fused(source, target, item, thread, clock)
      case .input(let index):
        let (group, block) = item.quotientAndRemainder(dividingBy: channelBlocks)
        readTiles(source, group: group, channels: block, index, spectra(of: group), thread)
        if streams.spectra { kernel_end_streaming() }
        clock?.end(.input, thread)
      case .product(let index):
        multiply(index, item, thread)
        clock?.end(.product, thread)
      case .output(let index):
        let (group, vector) = item.quotientAndRemainder(dividingBy: product.vectors)
        writeTiles(
          sums(of: group) + product.sumsOffset(vector: vector), group: group, vector: vector, index,
          target, thread)
        if streams.tiles { kernel_end_streaming() }
        clock?.end(.output, thread)
      case .reorderDestination:
        reorderDestination(to: dst, item)
        if streams.planes { kernel_end_streaming() }
        clock?.end(.reorder, thread)
      }
    }
  }

  private func spectra(of copy: Int) -> UnsafeMutablePointer<Float> {
    spectra.baseAddress + copy * spectraCount
  }

  private func sums(of copy: Int) -> UnsafeMutablePointer<Float> {
    sums.baseAddress + copy * sumsCount
  }

  private func fused(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ item: Int,
    _ thread: Int, _ clock: PhaseClock?
  ) {
    let (group, block) = item.quotientAndRemainder(dividingBy: blocks.count)
    for channelBlock in 0..<channelBlocks {
      readTiles(
        source, group: group, channels: channelBlock, block, spectra(of: thread), thread)
    }
    clock?.end(.input, thread)
    for c in 0..<columns {
      for plane in 0..<transform.planes {
        product.multiply(
          column: c, plane: plane, shape: blocks.values[block].shape,
          weights: weights.readOnly + group * product.weightsCount, spectra: spectra(of: thread),
          sums: sums(of: thread), weightSums: weightSums(of: thread))
      }
      clock?.end(.product, thread)
      for (v, vector) in product.vectors(column: c).enumerated() {
        writeTiles(
          sums(of: thread) + product.sumsOffset(vector: v), group: group, vector: vector, block,
          target, thread)
      }
      clock?.end(.output, thread)
    }
  }

  /// Scratch memory that the transforms do not use at the same time.
  private func weightSums(of thread: Int) -> UnsafeMutablePointer<Float> {
    scratch.baseAddress + thread * scratchCount
  }

  private func multiply(_ block: Int, _ item: Int, _ thread: Int) {
    if let raw = sharedRawWeights {
      let (group, chunk) = item.quotientAndRemainder(dividingBy: chunks.count)
      for column in chunks.values[chunk] {
        raw._withUnsafeGuaranteedRef {
          $0.multiply(
            column: column, group: group, shape: blocks.values[block].shape,
            spectra: spectra(of: group), sums: sums(of: group), thread: thread)
        }
      }
      return
    }
    let (outer, planes) = item.quotientAndRemainder(dividingBy: product.groups.count)
    let (group, chunk) = outer.quotientAndRemainder(dividingBy: chunks.count)
    for column in chunks.values[chunk] {
      for plane in product.groups.values[planes] {
        product.multiply(
          column: column, plane: plane, shape: blocks.values[block].shape,
          weights: weights.readOnly + group * product.weightsCount, spectra: spectra(of: group),
          sums: sums(of: group), weightSums: weightSums(of: thread))
      }
    }
  }

  private func readTiles(
    _ source: UnsafePointer<Float>, group: Int, channels: Int, _ block: Int,
    _ spectra: UnsafeMutablePointer<Float>, _ thread: Int
  ) {
    let own = scratch.baseAddress + thread * scratchCount
    let spectra = spectra + product.spectraOffset(block: channels)
    for index in blocks.values[block].pieces {
      let piece = pieces.values[index]
      parts.values[piece.part]._withUnsafeGuaranteedRef {
        $0.reader.transform(
          source, group: group, block: channels, tiles: piece.tiles,
          to: spectra + piece.first * kernels.lanes, xiStride: product.spectraStride, strip: own,
          scratch: own + readStrip + writeStrip)
      }
    }
  }

  private func writeTiles(
    _ sums: UnsafeMutablePointer<Float>, group: Int, vector: Int, _ block: Int,
    _ target: UnsafeMutablePointer<Float>, _ thread: Int
  ) {
    let own = scratch.baseAddress + thread * scratchCount
    let bias =
      options.bias ? bias.readOnly + (group * product.vectors + vector) * kernels.lanes : nil
    for index in blocks.values[block].pieces {
      let piece = pieces.values[index]
      parts.values[piece.part]._withUnsafeGuaranteedRef {
        $0.writer.transform(
          sums + piece.first * kernels.lanes, xiStride: product.sumsStride, group: group,
          vector: vector, tiles: piece.tiles, bias: bias, to: target, strip: own + readStrip,
          scratch: own + readStrip + writeStrip)
      }
    }
  }

  private func reorderSource(_ source: UnsafePointer<Float>, _ item: Int) {
    let (image, block) = item.quotientAndRemainder(dividingBy: channelBlocks)
    let (n, group) = image.quotientAndRemainder(dividingBy: problem.g)
    let packer = WindowPacker(src: src, kernels: kernels)
    let window = WindowPacker.Window(top: 0, left: 0, rows: problem.ih, columns: problem.iw)
    packer.pack(
      source, n: n, group: group, block: block, window,
      to: blockedSrc.baseAddress + item * packer.count(window))
  }

  private func reorderDestination(to target: UnsafeMutablePointer<Float>, _ item: Int) {
    let (image, vector) = item.quotientAndRemainder(dividingBy: product.vectors)
    let (lanes, pixels) = (kernels.lanes, problem.oh * problem.ow)
    let first = target + (image * problem.ocPerGroup + vector * lanes) * pixels
    var arguments = ReorderArguments(
      src: blockedDst.readOnly + item * pixels * lanes, dst: first, pixels: pixels,
      row_pixels: pixels, row_gap: 0, channels: min(lanes, problem.ocPerGroup - vector * lanes),
      plane_stride: pixels, ahead: ReorderArguments.strip,
      streams: streams.planes && kernels.isAligned(first) ? 1 : 0)
    kernels.unpack_channels(&arguments)
  }
}
