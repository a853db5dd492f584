import Convolution
import KernelInterface

/// How a row of pixels × a number of vectors is covered by register tiles.
///
/// Chosen by a cost per reduction step, in cycles of a core with two multiply-add pipes and two
/// loads a cycle: a tile of `P × V` costs `max(P·V/2, (P+V)/2, 4)`, the last being the latency of a
/// dependent multiply-add. Rows are split evenly, so that 27 pixels become 14 + 13, never 14 + 13×1.
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

  /// Tiles for `pixels` × `vectors`.
  ///
  /// - Parameter forcedVectors: the width of every column but the last, where the layout of packed
  ///   data fixes it.
  init(pixels: Int, vectors: Int, kernels: KernelContext, forcedVectors: Int? = nil) {
    let widths = forcedVectors.map { [$0] } ?? Array(1...kernels.max_vectors)
    let width = widths.min {
      Self.cost(pixels, vectors, width: $0, kernels)
        < Self.cost(pixels, vectors, width: $1, kernels)
    }!
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
    _ pixels: Int, _ vectors: Int, width: Int, _ kernels: KernelContext
  ) -> Double {
    let (full, rest) = vectors.quotientAndRemainder(dividingBy: width)
    var total = Double(full) * columnCost(pixels, width, kernels)
    if rest > 0 { total += columnCost(pixels, rest, kernels) }
    return total
  }

  private static func columnCost(_ pixels: Int, _ vectors: Int, _ kernels: KernelContext) -> Double
  {
    split(pixels, most: kernels.max_pixels(vectors)).reduce(0) { sum, run in
      let (p, v) = (Double(run.count), Double(vectors))
      // The loop itself costs a little at every step: among equals the larger tile wins.
      return sum + max(p * v / 2, (p + v) / 2, 4) + 0.4
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
