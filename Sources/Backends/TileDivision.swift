import Convolution

/// Sides of a tile: those that are narrow, or on which something is only in wide tiles.
struct TileSides: Hashable {
  var rows = false
  var columns = false

  /// Whether both have a side in common.
  func meets(_ other: TileSides) -> Bool {
    rows && other.rows || columns && other.columns
  }

  /// All but those of wide tiles.
  static let narrow = [
    TileSides(columns: true), TileSides(rows: true), TileSides(rows: true, columns: true),
  ]
}

/// Tiles along one axis: wide ones, then narrow ones where they end with less waste.
struct TileAxis: Hashable {
  /// Outputs of a wide tile and of a narrow one.
  let wide: Int
  let narrow: Int
  let wideCount: Int
  let narrowCount: Int

  /// Wide tiles only.
  init(_ outputs: Int, wide: Int) {
    self.init(wide: wide, narrow: wide, wideCount: (outputs + wide - 1) / wide, narrowCount: 0)
  }

  /// As many of each as take the fewest products: a tile takes `extra` more than it has outputs, along this axis.
  init(_ outputs: Int, wide: Int, narrow: Int, extra: Int) {
    func products(_ axis: TileAxis) -> Int {
      axis.wideCount * (wide + extra) + axis.narrowCount * (narrow + extra)
    }
    let choices = (0...(outputs + wide - 1) / wide).reversed().map { count in
      let rest = max(0, outputs - count * wide)
      return TileAxis(
        wide: wide, narrow: narrow, wideCount: count, narrowCount: (rest + narrow - 1) / narrow)
    }
    self = choices.min { products($0) < products($1) }!
  }

  private init(wide: Int, narrow: Int, wideCount: Int, narrowCount: Int) {
    self.wide = wide
    self.narrow = narrow
    self.wideCount = wideCount
    self.narrowCount = narrowCount
  }

  var count: Int { wideCount + narrowCount }

  /// The first output of narrow tiles.
  var narrowStart: Int { wideCount * wide }

  /// The tile of an output.
  func tile(of output: Int) -> (isNarrow: Bool, start: Int) {
    output < narrowStart
      ? (false, output / wide * wide)
      : (true, narrowStart + (output - narrowStart) / narrow * narrow)
  }
}

/// How the outputs of a convolution are divided into tiles that share planes of spectra.
///
/// All of one size, or with narrower ones at the end of rows and of columns: 14 outputs are 5 + 5 + 4. An image
/// is then four rectangles of tiles, *parts*: those that are wide down and narrow across, wide, narrow down, and
/// narrow. In that order they lie in a block, so that the tiles that have a plane, all or the wide ones down, across
/// or both, are neighbours.
struct TileDivision {
  /// A rectangle of tiles of one size.
  struct Part {
    let sides: TileSides
    let grid: TileGrid
  }

  let rows: TileAxis
  let columns: TileAxis
  let parts: [Part]
  /// Whether there are tiles of two sizes.
  let isMixed: Bool
  /// What blocks are made of: tiles, or rows of tiles where there are two sizes, numbered over images, then down.
  let units: Int
  /// Tiles of a unit.
  let unitTiles: Int

  /// Tiles of one size.
  init(_ p: ConvolutionProblem, tileHeight: Int, tileWidth: Int) {
    self.init(
      p, rows: TileAxis(p.oh, wide: tileHeight), columns: TileAxis(p.ow, wide: tileWidth))
  }

  init(_ p: ConvolutionProblem, rows: TileAxis, columns: TileAxis) {
    self.rows = rows
    self.columns = columns
    parts = [
      TileSides(columns: true), TileSides(), TileSides(rows: true),
      TileSides(rows: true, columns: true),
    ].compactMap { sides in
      let grid = TileGrid(p, rows, columns, sides)
      return grid.count > 0 ? Part(sides: sides, grid: grid) : nil
    }
    isMixed = parts.contains { $0.sides != TileSides() }
    units = p.mb * rows.count * (isMixed ? 1 : columns.count)
    unitTiles = isMixed ? columns.count : 1
  }

  /// Rows of tiles of an image, each part's own counted.
  var rowPieces: Int { parts.reduce(0) { $0 + $1.grid.rows } }

  /// The tiles of some units.
  func block(_ units: Range<Int>) -> TileBlock {
    var first = 0
    return TileBlock(
      pieces: parts.indices.map { part in
        let (sides, grid) = (parts[part].sides, parts[part].grid)
        let tiles =
          isMixed
          ? self.rows(before: units.lowerBound, sides) * grid.columns..<self.rows(
            before: units.upperBound, sides) * grid.columns : units
        defer { first += tiles.count }
        return .init(part: part, sides: sides, tiles: tiles, first: first)
      })
  }

  /// How many of the first rows of tiles are narrow, or wide.
  private func rows(before unit: Int, _ sides: TileSides) -> Int {
    let (image, row) = unit.quotientAndRemainder(dividingBy: rows.count)
    return sides.rows
      ? image * rows.narrowCount + max(0, row - rows.wideCount)
      : image * rows.wideCount + min(row, rows.wideCount)
  }

  /// Tiles that have a plane, of all units.
  func tiles(wideOnly: TileSides) -> Int { block(0..<units).tiles(wideOnly: wideOnly).count }
}

/// Tiles that are transformed and multiplied together.
struct TileBlock {
  /// Those of one part.
  struct Piece {
    let part: Int
    let sides: TileSides
    /// In the part's grid.
    let tiles: Range<Int>
    /// The place of the first one in the block.
    let first: Int
  }

  let pieces: [Piece]

  var count: Int { pieces.reduce(0) { $0 + $1.tiles.count } }

  /// Tiles of each part.
  var shape: [Int] { pieces.map(\.tiles.count) }

  /// The tiles that have a plane.
  ///
  /// - Parameter wideOnly: sides on which narrow tiles lack it.
  func tiles(wideOnly: TileSides) -> Range<Int> {
    let having = pieces.filter { !wideOnly.meets($0.sides) }
    guard let first = having.first, let last = having.last else { return 0..<0 }
    return first.first..<last.first + last.tiles.count
  }
}
