import KernelInterface

// The register tiles of plain planes, by vectors of pixels and then by channels − 1.

private let oneVectorRows: InlineArray<14, RowTileFunction> = [
  { RowTile<1, 1>.run($0) },
  { RowTile<2, 1>.run($0) },
  { RowTile<3, 1>.run($0) },
  { RowTile<4, 1>.run($0) },
  { RowTile<5, 1>.run($0) },
  { RowTile<6, 1>.run($0) },
  { RowTile<7, 1>.run($0) },
  { RowTile<8, 1>.run($0) },
  { RowTile<9, 1>.run($0) },
  { RowTile<10, 1>.run($0) },
  { RowTile<11, 1>.run($0) },
  { RowTile<12, 1>.run($0) },
  { RowTile<13, 1>.run($0) },
  { RowTile<14, 1>.run($0) },
]

private let twoVectorRows: InlineArray<14, RowTileFunction> = [
  { RowTile<1, 2>.run($0) },
  { RowTile<2, 2>.run($0) },
  { RowTile<3, 2>.run($0) },
  { RowTile<4, 2>.run($0) },
  { RowTile<5, 2>.run($0) },
  { RowTile<6, 2>.run($0) },
  { RowTile<7, 2>.run($0) },
  { RowTile<8, 2>.run($0) },
  { RowTile<9, 2>.run($0) },
  { RowTile<10, 2>.run($0) },
  { RowTile<11, 2>.run($0) },
  { RowTile<12, 2>.run($0) },
  { RowTile<13, 2>.run($0) },
  { RowTile<14, 2>.run($0) },
]

/// The tile; `vectors` is 1 or 2, `channels` ≤ `maxPixels(2)`.
func rowTileFunction(channels: Int, vectors: Int) -> RowTileFunction {
  vectors == 1 ? oneVectorRows[channels - 1] : twoVectorRows[channels - 1]
}
