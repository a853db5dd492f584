import Convolution

/// Tiles of one size of a batch, numbered over images, then rows, then columns: all of an image, or a rectangle of it.
struct TileGrid {
  let rows: Int
  let columns: Int
  let count: Int
  let tileHeight: Int
  let tileWidth: Int
  /// The output where they begin.
  private let top: Int
  private let left: Int
  private let problem: ConvolutionProblem

  /// One tile, in tile units.
  struct Tile {
    let n: Int
    let row: Int
    let column: Int
  }

  init(_ problem: ConvolutionProblem, tileHeight: Int, tileWidth: Int) {
    self.init(
      problem, TileAxis(problem.oh, wide: tileHeight), TileAxis(problem.ow, wide: tileWidth),
      TileSides())
  }

  /// The tiles of two axes that are narrow on `sides` and wide on the others.
  init(
    _ problem: ConvolutionProblem, _ down: TileAxis, _ across: TileAxis, _ sides: TileSides
  ) {
    self.problem = problem
    (tileHeight, rows, top) =
      sides.rows
      ? (down.narrow, down.narrowCount, down.narrowStart) : (down.wide, down.wideCount, 0)
    (tileWidth, columns, left) =
      sides.columns
      ? (across.narrow, across.narrowCount, across.narrowStart) : (across.wide, across.wideCount, 0)
    count = problem.mb * rows * columns
  }

  /// The tile with number `index`.
  func tile(_ index: Int) -> Tile {
    let (image, column) = index.quotientAndRemainder(dividingBy: columns)
    let (n, row) = image.quotientAndRemainder(dividingBy: rows)
    return Tile(n: n, row: row, column: column)
  }

  /// The first output of a row and of a column of tiles.
  func y(row: Int) -> Int { top + row * tileHeight }
  func x(column: Int) -> Int { left + column * tileWidth }

  /// Rows and columns of a tile that lie inside the output.
  func valid(_ tile: Tile) -> (rows: Int, columns: Int) {
    (
      min(tileHeight, problem.oh - y(row: tile.row)),
      min(tileWidth, problem.ow - x(column: tile.column))
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
