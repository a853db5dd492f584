import KernelInterface

/// The matrix products of a transform-domain convolution: `sums[ξ] = spectra[ξ] · weights[ξ]`.
///
/// Spectra `[ξ][c/L][tiles][L]` are broadcast against weights (`TransformPlan` has their order): the
/// direct kernel's register tile again, with tiles for pixels.
struct PlaneProduct {
  let lanes: Int
  /// Vectors of output channels.
  let vectors: Int
  /// Columns of output channels, of the same width but the last.
  let columns: [RegisterTiling.Column]
  /// Between the planes of `spectra` and of `sums`.
  let spectraStride: Int
  let sumsStride: Int
  let planes: Int
  private let weightPlanes: Int
  private let tiles: Int
  private let channels: Int
  private let columnSums: Bool
  private let taps = TapTable([0])
  /// In stable memory: a count of references to them, which all threads would share, took a quarter of the time
  /// of small layers on two threads.
  private let calls: StableTable<Call>
  private let steps: StableTable<Step>
  private let factors: StableTable<Factor>
  /// Of each plane of weights, the first that is multiplied with it.
  private let planeOfWeights: [Int]
  /// Planes that are multiplied one after the other: what a sum of weights consists of has been read just before.
  let groups: StableTable<Range<Int>>
  /// Blocks differ in their tiles, and planes in the tiles that have them; `steps` has the columns of every kind of
  /// plane for every shape of a block.
  private let kindOfPlane: StableTable<Int>
  private let kindCount: Int
  private let columnCount: Int
  /// The place of each block's shape, for `multiply`.
  let shapeOfBlock: [Int]

  /// The tiles of a column that have the same shape.
  private struct Call {
    /// Floats before the first one.
    let offset: Int
    /// Floats from one to the next.
    let stride: Int
    let tiles: Int
    let function: TileFunction
  }

  /// A column: its weights, its sums and its calls in `calls`.
  private struct Step {
    /// Floats from a plane of weights to the next.
    let weightsStride: Int
    let sumsOffset: Int
    let vectors: Range<Int>
    let calls: Range<Int>
    /// Whether nothing reads sums of weights a second time.
    let isSingleTile: Bool
  }

  /// Where the weights of a plane lie: a column reads planes, all of them or those of a group, one after the other.
  private struct Factor {
    /// Floats before those planes.
    let start: Int
    /// Floats of those planes for each vector of outputs.
    let width: Int
    /// The plane among them.
    let index: Int
    /// Whether the next plane of weights is added to it.
    let isSum: Bool
  }

  /// Floats between a step and the weights that it fetches: 8 KiB, some 64 steps. Of 0.5 to 64 KiB, 8 was
  /// the best on the deep layers of VGG-16 and AlexNet, up to 1.6 times as fast as none.
  private static let weightsAhead = 2048

  /// - Parameters:
  ///   - blocks: what is multiplied at a time.
  ///   - columnSums: `sums` hold one column of output channels instead of all.
  init(
    _ transform: any TileTransform, _ blocks: [TileBlock], channels: Int, outputs: Int,
    kernels: KernelContext, columnSums: Bool
  ) {
    planes = transform.planes
    weightPlanes = transform.weightPlanes
    let lanes = kernels.lanes
    let vectors = kernels.vectors(outputs)
    let planeWeights = (0..<planes).map { transform.weights(ofPlane: $0) }
    let groups = Self.groups(planeWeights)
    self.groups = StableTable(groups)
    planeOfWeights = planeWeights.indices.filter { !planeWeights[$0].isSum }
    factors = StableTable(
      groups.flatMap { group in
        let first = columnSums ? 0 : planeWeights[group.lowerBound].plane
        let count = columnSums ? transform.weightPlanes : group.count { !planeWeights[$0].isSum }
        return planeWeights[group].map {
          Factor(
            start: first * vectors * channels * lanes,
            width: count * channels * lanes, index: $0.plane - first, isSum: $0.isSum)
        }
      })
    let tiles = blocks.map(\.count).max()!
    self.tiles = tiles
    self.channels = channels
    self.columnSums = columnSums
    self.lanes = lanes
    self.vectors = vectors
    let widest = RegisterTiling(pixels: tiles, vectors: vectors, kernels: kernels)
    columns = widest.columns
    columnCount = columns.count
    spectraStride = Self.oddLines(kernels.vectors(channels) * tiles * lanes)
    sumsStride = Self.oddLines((columnSums ? widest.widestColumn : vectors) * tiles * lanes)
    let sides = (0..<planes).map { transform.wideOnly(plane: $0) }
    let kinds = sides.reduce(into: [TileSides]()) { if !$0.contains($1) { $0.append($1) } }
    kindOfPlane = StableTable(sides.map { kinds.firstIndex(of: $0)! })
    kindCount = kinds.count
    var calls: [Call] = []
    var steps: [Step] = []
    let shapes = blocks.reduce(into: [TileBlock]()) { shapes, block in
      if !shapes.contains(where: { $0.shape == block.shape }) { shapes.append(block) }
    }
    shapeOfBlock = blocks.map { block in shapes.firstIndex { $0.shape == block.shape }! }
    for block in shapes {
      for kind in kinds {
        let having = block.tiles(wideOnly: kind)
        let tiling = RegisterTiling(
          pixels: having.count, vectors: vectors, kernels: kernels,
          forcedVectors: columns[0].vectors)
        for column in tiling.columns {
          steps.append(
            Step(
              weightsStride: column.vectors * channels * lanes,
              sumsOffset: columnSums ? 0 : column.firstVector * tiles * lanes,
              vectors: column.firstVector..<column.firstVector + column.vectors,
              calls: calls.count..<calls.count + column.runs.count,
              isSingleTile: column.runs.count == 1 && column.runs[0].tiles == 1))
          calls += column.runs.map {
            Call(
              offset: (having.lowerBound + $0.firstPixel) * lanes, stride: $0.pixels * lanes,
              tiles: $0.tiles,
              function: $0.function)
          }
        }
      }
    }
    self.calls = StableTable(calls)
    self.steps = StableTable(steps)
  }

  private static func groups(_ factors: [PlaneWeights]) -> [Range<Int>] {
    factors.indices.reduce(into: []) { groups, plane in
      guard factors[plane].isSum else { return groups.append(plane..<plane + 1) }
      groups.removeLast()
      groups.append(groups.removeLast().lowerBound..<plane + 1)
    }
  }

  /// At least `count` floats, as an odd number of cache lines.
  static func oddLines(_ count: Int) -> Int { ((count + 15) / 16 | 1) * 16 }

  var spectraCount: Int { planes * spectraStride }
  var sumsCount: Int { planes * sumsStride }
  /// Scratch memory for the sums of two planes of weights, of one column.
  var weightSumsCount: Int {
    weightPlanes < planes ? channels * (columns.first?.vectors ?? 0) * lanes : 0
  }
  var weightsCount: Int { weightPlanes * channels * vectors * lanes }

  func spectraOffset(block: Int) -> Int { block * tiles * lanes }
  func sumsOffset(vector: Int) -> Int { vector * tiles * lanes }

  /// Where a plane of the weights of one column lies.
  func weightsOffset(column: Int, weightsPlane: Int) -> Int {
    weightsOffset(steps.values[column], factors.values[planeOfWeights[weightsPlane]])
  }

  private func weightsOffset(_ step: Step, _ factor: Factor) -> Int {
    factor.start + step.vectors.lowerBound * factor.width + factor.index * step.weightsStride
  }

  /// Columns dealt out to threads, one chunk each.
  func chunks(threads: Int) -> [Range<Int>] {
    RegisterTiling.split(columns.count, most: (columns.count + threads - 1) / threads)
  }

  /// The vectors of a column.
  func vectors(column: Int) -> Range<Int> { steps.values[column].vectors }

  /// One plane of one column for a block of some shape; `weights` are all of a group's. `weightSums` is scratch memory for
  /// `weightSumsCount` values.
  func multiply(
    column: Int, plane: Int, shape: Int, weights: UnsafePointer<Float>,
    spectra: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>,
    weightSums: UnsafeMutablePointer<Float>
  ) {
    let step = step(column, plane: plane, shape: shape)
    let factor = factors.values[plane]
    var arguments = arguments(step, plane: plane, spectra: spectra, sums: sums)
    arguments.wei = weights + weightsOffset(step, factor)
    arguments.wei_ahead = Self.weightsAhead
    if factor.isSum {
      // The two have been read just before; what is fetched comes after them.
      arguments.wei_addend = step.weightsStride
      arguments.wei_ahead = 2 * step.weightsStride
      arguments.wei_sums = step.isSingleTile ? nil : weightSums
    }
    let (fetchesSums, src, dst) = (!columnSums, arguments.src, arguments.dst)
    for index in step.calls {
      run(calls.values[index], &arguments, src, dst, fetchesSums: fetchesSums)
      arguments.wei_ahead = 0
      guard factor.isSum else { continue }
      arguments.wei = UnsafePointer(weightSums)
      arguments.wei_addend = 0
    }
  }

  /// One plane of one column for a block of some shape, summed over the vectors of channels `part` only and added
  /// to what those before them have left; `weights` are that part's, of that plane and column.
  func multiply(
    column: Int, plane: Int, shape: Int, part: Range<Int>, weights: UnsafePointer<Float>,
    spectra: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
  ) {
    let step = step(column, plane: plane, shape: shape)
    var arguments = arguments(step, plane: plane, spectra: spectra, sums: sums)
    arguments.wei = weights
    arguments.src += part.lowerBound * arguments.block_stride
    let end = min(part.upperBound * lanes, channels)
    (arguments.blocks, arguments.tail) = (end - part.lowerBound * lanes)
      .quotientAndRemainder(dividingBy: lanes)
    arguments.accumulate = part.lowerBound
    let (src, dst) = (arguments.src, arguments.dst)
    for index in step.calls {
      run(calls.values[index], &arguments, src, dst, fetchesSums: part.lowerBound == 0)
    }
  }

  @inline(__always)
  private func step(_ column: Int, plane: Int, shape: Int) -> Step {
    let kind = shape * kindCount + kindOfPlane.values[plane]
    return steps.values[kind * columnCount + column]
  }

  /// All channels of the first tile of a plane; without weights.
  @inline(__always)
  private func arguments(
    _ step: Step, plane: Int, spectra: UnsafeMutablePointer<Float>,
    sums: UnsafeMutablePointer<Float>
  ) -> TileArguments {
    let source = UnsafePointer(spectra + plane * spectraStride)
    let target = sums + plane * sumsStride + step.sumsOffset
    var arguments = TileArguments(src: source, taps: taps, wei: source, dst: target)
    arguments.pixel_stride = lanes
    arguments.block_stride = tiles * lanes
    arguments.blocks = channels / lanes
    arguments.tail = channels % lanes
    arguments.dst_pixel_stride = lanes
    arguments.dst_vector_stride = tiles * lanes
    return arguments
  }

  @inline(__always)
  private func run(
    _ call: Call, _ arguments: inout TileArguments, _ src: UnsafePointer<Float>,
    _ dst: UnsafeMutablePointer<Float>, fetchesSums: Bool
  ) {
    arguments.src = src + call.offset
    arguments.dst = dst + call.offset
    if fetchesSums { arguments.dst_next = UnsafePointer(arguments.dst) }
    arguments.tiles = call.tiles
    arguments.tile_src_stride = call.stride
    arguments.tile_dst_stride = call.stride
    call.function(&arguments)
  }
}
