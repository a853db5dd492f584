import Convolution

/// The output tiles of a batch, numbered over images, then rows, then columns.
struct TileGrid {
  let rows: Int
  let columns: Int
  let count: Int
  let tileHeight: Int
  let tileWidth: Int
  private let problem: ConvolutionProblem

  /// One tile, in tile units.
  struct Tile {
    let n: Int
    let row: Int
    let column: Int
  }

  init(_ problem: ConvolutionProblem, tileHeight: Int, tileWidth: Int) {
    self.problem = problem
    self.tileHeight = tileHeight
    self.tileWidth = tileWidth
    rows = (problem.oh + tileHeight - 1) / tileHeight
    columns = (problem.ow + tileWidth - 1) / tileWidth
    count = problem.mb * rows * columns
  }

  /// The tile with number `index`.
  func tile(_ index: Int) -> Tile {
    let (image, column) = index.quotientAndRemainder(dividingBy: columns)
    let (n, row) = image.quotientAndRemainder(dividingBy: rows)
    return Tile(n: n, row: row, column: column)
  }

  /// Rows and columns of a tile that lie inside the output.
  func valid(_ tile: Tile) -> (rows: Int, columns: Int) {
    (
      min(tileHeight, problem.oh - tile.row * tileHeight),
      min(tileWidth, problem.ow - tile.column * tileWidth)
    )
  }

  /// Calls `body` with each stretch of `range` that lies in one row of tiles.
  func forEachStretch(
    in range: Range<Int>, _ body: (_ first: Tile, _ count: Int, _ index: Int) -> Void
  ) {
    var index = range.lowerBound
    while index < range.upperBound {
      let first = tile(index)
      let count = min(columns - first.column, range.upperBound - index)
      body(first, count, index)
      index += count
    }
  }
}
