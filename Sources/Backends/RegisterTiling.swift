import Convolution
import KernelInterface
import Parallel

/// How a row of pixels × a number of vectors is covered by register tiles.
///
/// The cheapest by `TileKind.cost`. Rows are split evenly, so that 27 pixels become 14 + 13, never 14 + 13×1.
struct RegisterTiling {
  /// Tiles of a column that follow each other and have the same shape.
  struct Run {
    let firstPixel: Int
    /// Of one tile.
    let pixels: Int
    let tiles: Int
    let function: TileFunction
  }

  /// Tiles that share the same vectors.
  struct Column {
    let firstVector: Int
    let tile: TileKind
    let runs: [Run]

    var vectors: Int { tile.vectors }
  }

  let columns: [Column]

  /// The most vectors in a column.
  var widestColumn: Int { columns.map(\.vectors).max() ?? 0 }

  /// Into how many parts of equal work the columns can be dealt out, 1 first.
  var evenParts: [Int] {
    let isEven = columns.last?.vectors == columns.first?.vectors
    return (1...max(columns.count, 1)).filter {
      $0 == 1 || isEven && columns.count.isMultiple(of: $0)
    }
  }

  /// Tiles for `pixels` × `vectors`.
  ///
  /// - Parameters:
  ///   - forcedVectors: the width of every column but the last, where the layout of packed data
  ///     fixes it.
  ///   - canPairChannels: whether columns of one vector may have tiles that take two channels a step.
  ///   - nearSteps: reduction steps whose weights come again while they are in a sixth of L2; nil if
  ///     they always stream.
  init(
    pixels: Int, vectors: Int, kernels: KernelContext, forcedVectors: Int? = nil,
    nearSteps: Int? = nil, canPairChannels: Bool = false
  ) {
    // Columns of one vector would each read the source once more.
    let widths = forcedVectors.map { [$0] } ?? Array(min(vectors, 2)...kernels.max_vectors)
    func tile(_ vectors: Int) -> TileKind {
      TileKind(vectors: vectors, canPairChannels: canPairChannels, kernels)
    }
    func cost(_ width: Int) -> Double {
      let isNear = nearSteps.map { $0 * width * kernels.lanes * 4 <= CacheSizes.current.l2 / 6 }
      func cost(_ vectors: Int) -> Double {
        tile(vectors).cost(pixels: pixels, isNear: isNear ?? false, kernels)
      }
      let (full, rest) = vectors.quotientAndRemainder(dividingBy: width)
      return Double(full) * cost(width) + (rest > 0 ? cost(rest) : 0)
    }
    let width = widths.min { cost($0) < cost($1) }!
    columns = stride(from: 0, to: vectors, by: width).map { first in
      let tile = tile(min(width, vectors - first))
      return Column(firstVector: first, tile: tile, runs: Self.runs(pixels, tile, kernels))
    }
  }

  private static func runs(_ pixels: Int, _ tile: TileKind, _ kernels: KernelContext) -> [Run] {
    var runs: [Run] = []
    for part in split(pixels, most: tile.mostPixels(kernels)) {
      let last = runs.last.flatMap { $0.pixels == part.count ? runs.removeLast() : nil }
      runs.append(
        Run(
          firstPixel: last?.firstPixel ?? part.lowerBound, pixels: part.count,
          tiles: (last?.tiles ?? 0) + 1, function: tile.function(kernels, pixels: part.count)))
    }
    return runs
  }

  /// `0..<count` in the fewest nearly equal parts of at most `most`, the longer ones first.
  static func split(_ count: Int, most: Int) -> [Range<Int>] {
    let parts = (count + most - 1) / most
    let (length, longer) = parts > 0 ? count.quotientAndRemainder(dividingBy: parts) : (0, 0)
    return (0..<parts).map { part in
      let start = part * length + min(part, longer)
      return start..<start + length + (part < longer ? 1 : 0)
    }
  }
}
