import KernelInterface

// The register tiles of plain planes, by vectors of pixels and then by channels − 1.

private let oneVectorRows: InlineArray<6, RowTileFunction> = [
  { RowTile<1, 1>.run($0) },
  { RowTile<2, 1>.run($0) },
  { RowTile<3, 1>.run($0) },
  { RowTile<4, 1>.run($0) },
  { RowTile<5, 1>.run($0) },
  { RowTile<6, 1>.run($0) },
]

private let twoVectorRows: InlineArray<6, RowTileFunction> = [
  { RowTile<1, 2>.run($0) },
  { RowTile<2, 2>.run($0) },
  { RowTile<3, 2>.run($0) },
  { RowTile<4, 2>.run($0) },
  { RowTile<5, 2>.run($0) },
  { RowTile<6, 2>.run($0) },
]

/// The tile; `vectors` is 1 or 2, `channels` ≤ `maxPixels(2)`.
func rowTileFunction(channels: Int, vectors: Int) -> RowTileFunction {
  vectors == 1 ? oneVectorRows[channels - 1] : twoVectorRows[channels - 1]
}
