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
  /// Tilings for a full block of tiles and for one that is one tile short.
  private let full: RegisterTiling
  private let short: RegisterTiling
  private let taps = TapTable([0])

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
    lanes = kernels.lanes
    vectors = (outputs + lanes - 1) / lanes
    full = RegisterTiling(pixels: tiles, vectors: vectors, kernels: kernels)
    short = RegisterTiling(
      pixels: max(tiles - 1, 1), vectors: vectors, kernels: kernels,
      forcedVectors: full.columns[0].vectors)
    columns = full.columns
    let blocks = (channels + lanes - 1) / lanes
    spectraStride = Self.oddLines(blocks * tiles * lanes)
    sumsStride = Self.oddLines((columnSums ? full.widestColumn : vectors) * tiles * lanes)
  }

  /// At least `count` floats, as an odd number of cache lines.
  private static func oddLines(_ count: Int) -> Int { ((count + 15) / 16 | 1) * 16 }

  var spectraCount: Int { planes * spectraStride }
  var sumsCount: Int { planes * sumsStride }
  var weightsCount: Int { planes * channels * vectors * lanes }

  func spectraOffset(block: Int) -> Int { block * tiles * lanes }
  func sumsOffset(vector: Int) -> Int { vector * tiles * lanes }
  func weightsOffset(column: Int, plane: Int) -> Int {
    let before = columns[column].firstVector * (columnSums ? planes : 1) * channels * lanes
    return before + plane * weightsStride(column: column)
  }

  /// Between the planes of the weights of one column. They lie in the order in which they are read:
  /// plane by plane of a column, or column by column of a plane.
  func weightsStride(column: Int) -> Int {
    (columnSums ? columns[column].vectors : vectors) * channels * lanes
  }

  /// Columns dealt out to threads, one chunk each.
  func chunks(threads: Int) -> [Range<Int>] {
    RegisterTiling.split(columns.count, most: (columns.count + threads - 1) / threads)
  }

  /// One plane of one column for a block of `tiles` tiles.
  func multiply(
    column index: Int, plane: Int, tiles count: Int, weights: UnsafePointer<Float>,
    spectra: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
  ) {
    let column = (count == tiles ? full : short).columns[index]
    let first = columnSums ? 0 : column.firstVector
    let source = UnsafePointer(spectra + plane * spectraStride)
    let target = sums + plane * sumsStride + sumsOffset(vector: first)
    var arguments = TileArguments(
      src: source, taps: taps, wei: weights + weightsOffset(column: index, plane: plane),
      dst: target)
    arguments.wei_ahead = Self.weightsAhead
    arguments.pixel_stride = lanes
    arguments.block_stride = tiles * lanes
    arguments.blocks = channels / lanes
    arguments.tail = channels % lanes
    arguments.dst_pixel_stride = lanes
    arguments.dst_vector_stride = tiles * lanes
    for run in column.runs {
      arguments.src = source + run.firstPixel * lanes
      arguments.dst = target + run.firstPixel * lanes
      arguments.tiles = run.tiles
      arguments.tile_src_stride = run.pixels * lanes
      arguments.tile_dst_stride = run.pixels * lanes
      run.function(&arguments)
      arguments.wei_ahead = 0
    }
  }
}
