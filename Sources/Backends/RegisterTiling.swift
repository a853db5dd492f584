import Convolution
import KernelInterface
import Parallel

/// How a row of pixels × a number of vectors is covered by register tiles.
///
/// Chosen by a cost per reduction step, in cycles of a core with two multiply-add pipes of latency 4: a tile
/// of `P × V` costs `max(P·V/2, 0.6·(P+V), 4)`, more where fewer than 12 sums hide the latency only in part
/// (from L1, AVX2: 4×2 reaches 83 % of peak, 5×2 89, 3×3 91, 6×2 98, 4×3 99, and 14×1, bound by its loads, 78),
/// and a little for each load (AVX-512: 14×2 97 %, 6×4 99) and tile. Weights that do not stay near cost by their
/// bytes: on VGG-16, forced 6×4 gains 2 to 3 % where a column's weights take 150 KiB or less, and loses 4 to
/// 14 % where they take more than 500. Rows are split evenly, so that 27 pixels become 14 + 13, never 14 + 13×1.
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
    let vectors: Int
    let runs: [Run]
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
  ///   - nearSteps: reduction steps whose weights come again while they are in a sixth of L2; nil if
  ///     they always stream.
  init(
    pixels: Int, vectors: Int, kernels: KernelContext, forcedVectors: Int? = nil,
    nearSteps: Int? = nil
  ) {
    let widths = forcedVectors.map { [$0] } ?? Array(1...kernels.max_vectors)
    func cost(_ width: Int) -> Double {
      let isNear = nearSteps.map { $0 * width * kernels.lanes * 4 <= CacheSizes.current.l2 / 6 }
      return Self.cost(pixels, vectors, width: width, isNear: isNear ?? false, kernels)
    }
    let width = widths.min { cost($0) < cost($1) }!
    columns = stride(from: 0, to: vectors, by: width).map { first in
      let count = min(width, vectors - first)
      return Column(
        firstVector: first, vectors: count,
        runs: Self.runs(pixels, vectors: count, kernels))
    }
  }

  private static func runs(_ pixels: Int, vectors: Int, _ kernels: KernelContext) -> [Run] {
    var runs: [Run] = []
    for part in split(pixels, most: kernels.max_pixels(vectors)) {
      let last = runs.last.flatMap { $0.pixels == part.count ? runs.removeLast() : nil }
      runs.append(
        Run(
          firstPixel: last?.firstPixel ?? part.lowerBound, pixels: part.count,
          tiles: (last?.tiles ?? 0) + 1, function: kernels.tile(part.count, vectors)))
    }
    return runs
  }

  private static func cost(
    _ pixels: Int, _ vectors: Int, width: Int, isNear: Bool, _ kernels: KernelContext
  ) -> Double {
    let (full, rest) = vectors.quotientAndRemainder(dividingBy: width)
    var total = Double(full) * columnCost(pixels, width, isNear, kernels)
    if rest > 0 { total += columnCost(pixels, rest, isNear, kernels) }
    return total
  }

  private static func columnCost(
    _ pixels: Int, _ vectors: Int, _ isNear: Bool, _ kernels: KernelContext
  ) -> Double {
    let streaming = isNear ? 0 : 0.005 * Double(vectors * kernels.lanes * 4)
    return split(pixels, most: kernels.max_pixels(vectors)).reduce(0) { sum, run in
      let (p, v) = (Double(run.count), Double(vectors))
      let waiting = 0.2 * max(12 - p * v, 0)
      return sum + max(p * v / 2, 0.6 * (p + v), 4) + waiting + 0.03 * (p + v) + 0.3 + streaming
    }
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
