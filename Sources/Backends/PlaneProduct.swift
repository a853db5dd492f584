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
  private let planes: Int
  private let tiles: Int
  private let channels: Int
  private let columnSums: Bool
  private let taps = TapTable([0])
  /// In stable memory: a count of references to them, which all threads would share, took a quarter of the time
  /// of small layers on two threads.
  private let calls: StableTable<Call>
  private let steps: StableTable<Step>
  private let stepsOfFull: Int

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
    let weightsOffset: Int
    let weightsStride: Int
    let sumsOffset: Int
    let vectors: Range<Int>
    let calls: Range<Int>
  }

  /// Floats between a step and the weights that it fetches: 8 KiB, some 64 steps. Of 0.5 to 64 KiB, 8 was
  /// the best on the deep layers of VGG-16 and AlexNet, up to 1.6 times as fast as none.
  private static let weightsAhead = 2048

  /// - Parameter columnSums: `sums` hold one column of output channels instead of all.
  init(
    planes: Int, tiles: Int, channels: Int, outputs: Int, kernels: KernelContext, columnSums: Bool
  ) {
    self.planes = planes
    self.tiles = tiles
    self.channels = channels
    self.columnSums = columnSums
    let lanes = kernels.lanes
    self.lanes = lanes
    vectors = (outputs + lanes - 1) / lanes
    let full = RegisterTiling(pixels: tiles, vectors: vectors, kernels: kernels)
    let short = RegisterTiling(
      pixels: max(tiles - 1, 1), vectors: vectors, kernels: kernels,
      forcedVectors: full.columns[0].vectors)
    columns = full.columns
    stepsOfFull = columns.count
    let blocks = (channels + lanes - 1) / lanes
    spectraStride = Self.oddLines(blocks * tiles * lanes)
    sumsStride = Self.oddLines((columnSums ? full.widestColumn : vectors) * tiles * lanes)
    var calls: [Call] = []
    var steps: [Step] = []
    for column in full.columns + short.columns {
      let width = (columnSums ? column.vectors : vectors) * channels * lanes
      steps.append(
        Step(
          weightsOffset: column.firstVector * (columnSums ? planes : 1) * channels * lanes,
          weightsStride: width,
          sumsOffset: columnSums ? 0 : column.firstVector * tiles * lanes,
          vectors: column.firstVector..<column.firstVector + column.vectors,
          calls: calls.count..<calls.count + column.runs.count))
      calls += column.runs.map {
        Call(
          offset: $0.firstPixel * lanes, stride: $0.pixels * lanes, tiles: $0.tiles,
          function: $0.function)
      }
    }
    self.calls = StableTable(calls)
    self.steps = StableTable(steps)
  }

  /// At least `count` floats, as an odd number of cache lines.
  private static func oddLines(_ count: Int) -> Int { ((count + 15) / 16 | 1) * 16 }

  var spectraCount: Int { planes * spectraStride }
  var sumsCount: Int { planes * sumsStride }
  var weightsCount: Int { planes * channels * vectors * lanes }

  func spectraOffset(block: Int) -> Int { block * tiles * lanes }
  func sumsOffset(vector: Int) -> Int { vector * tiles * lanes }
  func weightsOffset(column: Int) -> Int { steps.values[column].weightsOffset }

  /// Between the planes of the weights of one column. They lie in the order in which they are read:
  /// plane by plane of a column, or column by column of a plane.
  func weightsStride(column: Int) -> Int { steps.values[column].weightsStride }

  /// Columns dealt out to threads, one chunk each.
  func chunks(threads: Int) -> [Range<Int>] {
    RegisterTiling.split(columns.count, most: (columns.count + threads - 1) / threads)
  }

  /// The vectors of a column.
  func vectors(column: Int) -> Range<Int> { steps.values[column].vectors }

  /// One plane of one column for a block of `tiles` tiles, the most or one less.
  func multiply(
    column: Int, plane: Int, tiles count: Int, weights: UnsafePointer<Float>,
    spectra: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
  ) {
    let step = steps.values[count == tiles ? column : stepsOfFull + column]
    let source = UnsafePointer(spectra + plane * spectraStride)
    let target = sums + plane * sumsStride + step.sumsOffset
    var arguments = TileArguments(
      src: source, taps: taps, wei: weights + step.weightsOffset + plane * step.weightsStride,
      dst: target)
    arguments.wei_ahead = Self.weightsAhead
    arguments.pixel_stride = lanes
    arguments.block_stride = tiles * lanes
    arguments.blocks = channels / lanes
    arguments.tail = channels % lanes
    arguments.dst_pixel_stride = lanes
    arguments.dst_vector_stride = tiles * lanes
    for index in step.calls {
      let call = calls.values[index]
      arguments.src = source + call.offset
      arguments.dst = target + call.offset
      arguments.tiles = call.tiles
      arguments.tile_src_stride = call.stride
      arguments.tile_dst_stride = call.stride
      call.function(&arguments)
      arguments.wei_ahead = 0
    }
  }
}
