import Convolution
import KernelInterface
import Parallel

/// Packed weights, schedule and scratch memory of one implicit GEMM.
///
/// Goto's loops with the roles of the direct kernel turned round: the register tile holds up to 14
/// output channels × 2 vectors of pixels. A thread packs one block of im2col panels `[j][2·lanes]`
/// (half of L2 at the most, the reduction cut into pieces only where a single panel would exceed it),
/// then runs all its output channels over them; weights `[k panel][j/L][k][L]` stream past. Late
/// layers with few pixels split the output channels over threads, never the reduction.
///
/// A 1×1 kernel at stride 1 reads panels as they lie in the image while few rows of tiles pass over
/// them: packing would take longer than it saves.
final class ImplicitGEMMPlan: ConvolutionPlan {
  let variant: String
  let src: TensorDescription
  let dst: TensorDescription
  let weightsBytes: Int
  let workspaceBytes: Int
  let executedFLOPs: Double
  let errorBound: any ErrorBound = SummationBound()

  private let problem: ConvolutionProblem
  private let options: PlanOptions
  private let kernels: KernelContext
  private let packer: PanelPacker
  /// Panels of pixels, at most `panelWidth` each. The last one overlaps the one before rather than leave lanes
  /// empty, which would have to be packed and their sums copied.
  private let panels: [Range<Int>]
  /// Panels that are packed together.
  let panelBlocks: [Range<Int>]
  /// Rows of the register tiles.
  private let rowPanels: [Range<Int>]
  private let rowChunks: [Range<Int>]
  /// Row panels of one shape that follow each other, pieces of the chunks.
  private let rowRuns: [Range<Int>]
  /// The part of `rowRuns` that each chunk consists of.
  private let runsOfChunk: [Range<Int>]
  /// Whether a panel of pixels stays in L1 while all weights pass, or the other way round.
  private let weightsPass: Bool
  private let readsInPlace: Bool
  /// Whether the next panel is fetched from the image while the first tile of this one is summed.
  ///
  /// A panel in place has lines of as many planes as there are channels, which nothing else fetches in advance. Sources
  /// beyond L2, in turn with the same without: 1.00 to 1.17 times as fast with one image, resnet50-conv2_reduce with 8
  /// of them 1.45 to 1.55. One or two tiles of outputs hide it less: from L3 .90 to 1.02 times as fast, from memory
  /// twice (256 channels, 8 images of 56×56 pixels).
  private let fetchesPanels: Bool
  /// Whether a tile's destination is fetched while it sums: its rows lie in planes of their own.
  ///
  /// Up to 9 % on VGG-16. In place only beyond L2 and with long reductions: 256 channels, 8 images of 28×28 pixels 1.14
  /// times as fast with it, one of 112×112 1.1; short ones, as in ResNet-50, took 2 to 4 % longer.
  private let fetchesOutputs: Bool
  /// Whether what is written goes past the caches.
  private let streams: Bool
  /// Pieces of the reduction, in channels.
  private let pieces: [Range<Int>]
  private let panelWidth: Int
  /// Packed weights of one output channel before each piece, and of all pieces: whole vectors of steps.
  private let pieceOffsets: [Int]
  private let region: ParallelRegion
  private let weights: AlignedBuffer
  private let bias: AlignedBuffer
  private let packed: AlignedBuffer
  private let packedCount: Int
  private let edge: AlignedBuffer
  private let edgeCount: Int
  private let segments: UnsafeMutablePointer<Int32>
  private let segmentCount: Int
  private let taps = TapTable([0])

  /// Vectors of pixels in a tile: two hide the loads behind 14 × 2 multiply-adds.
  private static let vectors = 2
  /// The same in place, where planes lie far apart and longer rows of a panel save half-used fetches, as long as
  /// half of L1 holds the panel. 32 to 128 channels of 28×28 and 56×56 pixels, AVX-512: three vectors 1.00 to 1.07
  /// times as fast as two, four hardly more; 192 channels 0.95 to 0.98.
  private static let vectorsInPlace = 3
  /// Most rows of tiles that pass over a panel that is not packed: 5 to 19 ran 1.05 to 1.25 times as
  /// fast as packed (1×1 layers of ResNet-50 and GoogLeNet, AVX-512), 37 and 74 from 0.86 to 1.08.
  private static let mostRowsInPlace = 20

  /// Whether panels are read from the image, but for the last one if it is not full.
  static func readsInPlace(_ p: ConvolutionProblem, _ kernels: KernelContext) -> Bool {
    p.isOwnLowering && p.ocPerGroup <= mostRowsInPlace * kernels.max_pixels(vectors)
  }

  /// - Parameter streamsAbove: bytes of a destination from which it is written past the caches, as by `DirectPlan`.
  ///     vgg16-conv1_1 with 2 images 1.65 and 1.54 times as fast on one and two threads, resnet50-conv2_expand with 8
  ///     1.08 and 1.10.
  init(
    _ original: ConvolutionProblem, _ options: PlanOptions,
    streamsAbove: Int = CacheSizes.current.l3 / 2
  ) throws(AllocationError) {
    self.options = options
    let kernels = options.isa.kernels
    self.kernels = kernels
    let p = original.flattened
    problem = p
    src = original.srcDescription(.nchw)
    dst = original.dstDescription(.nchw)
    packer = PanelPacker(problem: p, kernels: kernels)
    let pixels = p.oh * p.ow
    let lanes = kernels.lanes
    let cache = CacheSizes.current
    let taps = p.kh * p.kw
    readsInPlace = Self.readsInPlace(p, kernels)
    let wide = min(Self.vectorsInPlace, kernels.max_vectors)
    let isShort = p.icPerGroup * wide * lanes * 4 <= cache.l1 / 2
    let vectors = readsInPlace && isShort ? wide : Self.vectors
    panelWidth = min(vectors, kernels.vectors(pixels)) * lanes
    let width = panelWidth
    rowPanels = RegisterTiling.split(p.ocPerGroup, most: kernels.max_pixels(width / lanes))
    let budget = max(cache.l2 / 2, 64 << 10)
    let mostChannels = max(1, 4 * budget / (taps * width * 4))
    pieces = RegisterTiling.split(p.icPerGroup, most: mostChannels)
    let depth = pieces.map(\.count).max()! * taps
    pieceOffsets = pieces.reduce(into: [0]) { offsets, piece in
      offsets.append(offsets.last! + kernels.wholeVectors(piece.count * taps))
    }
    var panels = stride(from: 0, to: pixels, by: width).map { $0..<min($0 + width, pixels) }
    let last = kernels.wholeVectors(panels[panels.count - 1].count)
    // Not if pieces of the reduction are added: what two panels share would be added twice.
    let overlaps = pieces.count == 1 && panels.count > 1 && !pixels.isMultiple(of: lanes)
    if overlaps { panels[panels.count - 1] = pixels - last..<pixels }
    self.panels = panels
    let images = p.mb * p.g
    // Few panels: share the output channels out too, so that every thread has work.
    let chunks = images * panels.count >= 4 * options.threads ? 1 : options.threads
    rowChunks = RegisterTiling.split(
      rowPanels.count, most: max(1, (rowPanels.count + chunks - 1) / chunks))
    let panelsOfRows = rowPanels
    // Calls cost as much as a few steps: short reductions, whose panels stay in L1, have one call for all
    // row panels of a shape. For long ones the weights of one row panel stay in L1 instead.
    weightsPass = depth * width * 4 <= cache.l1 / 2
    fetchesPanels =
      readsInPlace && p.srcCount * 4 > (rowPanels.count > 2 ? cache.l2 : cache.l3 / 2)
    let dstBytes = p.dstCount * MemoryLayout<Float>.size
    streams =
      dstBytes > streamsAbove && pieces.count == 1 && pixels.isMultiple(of: lanes) && !options.relu
    fetchesOutputs = !streams && (!readsInPlace || !weightsPass && dstBytes > cache.l2)
    var runs: [Range<Int>] = []
    runsOfChunk = rowChunks.map { chunk in
      let first = runs.count
      let shapes = Set(chunk.map { panelsOfRows[$0].count }).sorted(by: >)
      runs += shapes.map { shape in
        let same = chunk.filter { panelsOfRows[$0].count == shape }
        return same[0]..<same[same.count - 1] + 1
      }
      return first..<runs.count
    }
    rowRuns = runs
    let mostPanels = max(1, budget / (depth * width * 4))
    var blocks = WorkSplit.parts(
      of: panels.count, most: mostPanels, otherItems: images * rowChunks.count,
      threads: options.threads)
    if overlaps, blocks.count > 1, blocks[blocks.count - 1].count == 1 {
      // Panels that overlap belong to one thread.
      blocks.removeLast()
      let before = blocks.removeLast().lowerBound
      let shared = panels.count - 2
      if before < shared { blocks.append(before..<shared) }
      blocks.append(shared..<panels.count)
    }
    panelBlocks = blocks

    let isEven = panels.allSatisfy { $0.count.isMultiple(of: lanes) }
    let packedPanels = readsInPlace ? (isEven ? 0 : 1) : panelBlocks.map(\.count).max()!
    packedCount = depth * width * packedPanels
    edgeCount = isEven ? 0 : kernels.max_pixels(width / lanes) * width
    segmentCount = packer.segmentCount(panels: packedPanels, width: width)
    packed = try AlignedBuffer(count: packedCount * options.threads)
    edge = try AlignedBuffer(count: edgeCount * options.threads)
    weights = try AlignedBuffer(count: p.oc * pieceOffsets.last!)
    bias = try AlignedBuffer(count: p.oc)
    segments = .allocate(capacity: segmentCount * options.threads)
    region = ParallelRegion(
      threads: options.threads, stages: [images * rowChunks.count * panelBlocks.count])
    weightsBytes = weights.byteCount + (options.bias ? bias.byteCount : 0)
    workspaceBytes = packed.byteCount + edge.byteCount + segmentCount * options.threads * 4
    let stored = panels.reduce(0) { $0 + kernels.wholeVectors($1.count) }
    executedFLOPs = 2 * Double(images * stored * p.ocPerGroup) * Double(p.reduction)
    variant = "\(rowPanels[0].count)x\(width) kc \(depth)" + (readsInPlace ? " in place" : "")
  }

  deinit { segments.deallocate() }

  func prepare(wei: UnsafePointer<Float>, bias source: UnsafePointer<Float>?) {
    let (p, lanes, rowPanels, pieces) = (problem, kernels.lanes, self.rowPanels, self.pieces)
    if let source { bias.baseAddress.update(from: source, count: p.oc) }
    let taps = p.kh * p.kw
    let stored = pieceOffsets.last!
    // Safety: every item writes the packed weights of its own row panel of its own group.
    nonisolated(unsafe) let (wei, packed) = (wei, weights.baseAddress)
    ParallelRegion(threads: options.threads, stages: [p.g * rowPanels.count]).run { _, item, _ in
      let (g, panel) = item.quotientAndRemainder(dividingBy: rowPanels.count)
      let rows = rowPanels[panel]
      var target = packed + (g * p.ocPerGroup + rows.lowerBound) * stored
      for piece in pieces {
        for start in stride(from: piece.lowerBound * taps, to: piece.upperBound * taps, by: lanes) {
          let steps = min(lanes, piece.upperBound * taps - start)
          for row in rows {
            let source = wei + (g * p.ocPerGroup + row) * p.reduction + start
            target.update(from: source, count: steps)
            target += lanes
          }
        }
      }
    }
  }

  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    region.run { _, item, thread in
      let (outer, block) = item.quotientAndRemainder(dividingBy: panelBlocks.count)
      let (image, chunk) = outer.quotientAndRemainder(dividingBy: rowChunks.count)
      let (n, group) = image.quotientAndRemainder(dividingBy: problem.g)
      let (rows, runs, panels) = (rowChunks[chunk], runsOfChunk[chunk], panelBlocks[block])
      for piece in pieces.indices {
        pack(src, n: n, group: group, pieces[piece], panels, thread)
        let target = Target(src: src, dst: dst, n: n, group: group, piece: piece, block: block)
        if weightsPass {
          for panel in panels {
            for run in runs {
              multiply(
                target, rowPanels: rowRuns[run], panel: panel, isFirst: run == runs.lowerBound,
                thread)
            }
          }
        } else {
          for row in rows {
            for panel in panels {
              multiply(
                target, rowPanels: row..<row + 1, panel: panel, isFirst: row == rows.lowerBound,
                thread)
            }
          }
        }
      }
      if streams { kernel_end_streaming() }
    }
  }

  /// Vectors of pixels that a panel is packed in: the last one may need fewer.
  private func vectors(_ panel: Int) -> Int {
    kernels.vectors(panels[panel].count)
  }

  /// Whether a panel is read from the image.
  private func isInPlace(_ panel: Int) -> Bool {
    readsInPlace && panels[panel].count == vectors(panel) * kernels.lanes
  }

  private func pack(
    _ src: UnsafePointer<Float>, n: Int, group: Int, _ channels: Range<Int>, _ block: Range<Int>,
    _ thread: Int
  ) {
    let depth = channels.count * problem.kh * problem.kw
    let start = packed.baseAddress + thread * packedCount
    guard !isInPlace(block.upperBound - 1) else { return }
    let block = readsInPlace ? block.upperBound - 1..<block.upperBound : block
    // Panels of one width together; only the last of all may be narrower.
    let isShort = vectors(block.upperBound - 1) < vectors(block.lowerBound)
    let full = isShort ? block.dropLast() : block
    for part in [full, full.upperBound..<block.upperBound] where !part.isEmpty {
      let width = vectors(part.lowerBound) * kernels.lanes
      let destination = PanelPacker.Destination(
        start: start + (part.lowerBound - block.lowerBound) * depth * panelWidth, width: width,
        rowStride: width, panelStride: depth * panelWidth)
      packer.pack(
        src, n: n, group: group, channels: channels, panels: panels[part], to: destination,
        segments: segments + thread * segmentCount)
    }
  }

  /// What the products of one block of panels add to.
  private struct Target {
    let src: UnsafePointer<Float>
    let dst: UnsafeMutablePointer<Float>
    let n: Int
    let group: Int
    let piece: Int
    let block: Int
  }

  /// Row panels of one shape times one panel of pixels.
  ///
  /// - Parameter isFirst: whether they are the first ones of the panel.
  private func multiply(
    _ target: Target, rowPanels indices: Range<Int>, panel: Int, isFirst: Bool, _ thread: Int
  ) {
    let (p, lanes, piece) = (problem, kernels.lanes, target.piece)
    let depth = pieces[piece].count * p.kh * p.kw
    let rows = rowPanels[indices.lowerBound]
    let (pixels, vectors) = (panels[panel], vectors(panel))
    let channel = target.group * p.ocPerGroup + rows.lowerBound
    let plane = p.oh * p.ow
    let index = readsInPlace ? 0 : panel - panelBlocks[target.block].lowerBound
    var arguments = TileArguments(
      src: weights.readOnly + channel * pieceOffsets.last! + pieceOffsets[piece] * rows.count,
      taps: taps, wei: packed.readOnly + thread * packedCount + index * depth * panelWidth,
      dst: target.dst + (target.n * p.oc + channel) * plane + pixels.lowerBound)
    if isInPlace(panel) {
      let first = target.n * p.ic + target.group * p.icPerGroup + pieces[piece].lowerBound
      arguments.wei = target.src + first * plane + pixels.lowerBound
      arguments.wei_step = plane
      if fetchesPanels, isFirst { arguments.wei_ahead = panelWidth }
    }
    // Vectors that stream must be aligned.
    arguments.streams = streams && kernels.isAligned(arguments.dst) ? 1 : 0
    if fetchesOutputs { arguments.dst_next = UnsafePointer(arguments.dst) }
    arguments.pixel_stride = lanes
    arguments.block_stride = rows.count * lanes
    arguments.blocks = depth / lanes
    arguments.tail = depth % lanes
    arguments.dst_pixel_stride = plane
    arguments.dst_vector_stride = lanes
    arguments.accumulate = piece > 0 ? 1 : 0
    arguments.relu = options.relu && piece == pieces.count - 1 ? 1 : 0
    if options.bias { arguments.bias_rows = bias.readOnly + channel }
    arguments.tile_src_stride = rows.count * pieceOffsets.last!
    arguments.tile_dst_stride = rows.count * plane
    arguments.tile_bias_stride = rows.count
    let function = kernels.tile(rows.count, vectors)
    if pixels.count == vectors * lanes {
      arguments.tiles = indices.count
      return function(&arguments)
    }
    for _ in indices {
      multiplyEdge(arguments, function, rows: rows.count, pixels: pixels.count, thread)
      arguments.src += arguments.tile_src_stride
      arguments.dst += arguments.tile_dst_stride
      arguments.bias_rows = arguments.bias_rows.map { $0 + rows.count }
    }
  }

  /// One tile of the last panel, which is not full: computed beside the destination, and what is real
  /// copied.
  private func multiplyEdge(
    _ tile: TileArguments, _ function: TileFunction, rows: Int, pixels: Int, _ thread: Int
  ) {
    let plane = tile.dst_pixel_stride
    let own = edge.baseAddress + thread * edgeCount
    var arguments = tile
    arguments.dst = own
    arguments.dst_next = nil
    arguments.dst_pixel_stride = panelWidth
    if tile.accumulate != 0 {
      for row in 0..<rows {
        (own + row * panelWidth).update(from: tile.dst + row * plane, count: pixels)
      }
    }
    function(&arguments)
    for row in 0..<rows {
      (tile.dst + row * plane).update(from: own + row * panelWidth, count: pixels)
    }
  }
}
