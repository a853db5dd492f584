import KernelInterface

// The register tiles of strips for plain planes, by vectors of strips and then by channels − 1: 24 sums, as two by
// two or four by one.

/// The most output channels of a tile with so many vectors of strips.
func maxStripChannels(_ vectors: Int) -> Int { vectors == 1 ? 4 : 2 }

private let oneVectorStripRowsF4R3: InlineArray<4, StripRowFunction> = [
  { StripRowTile<6, 4, 1, 1>.run($0) { WinogradF4R3.output($0) } },
  { StripRowTile<6, 4, 2, 1>.run($0) { WinogradF4R3.output($0) } },
  { StripRowTile<6, 4, 3, 1>.run($0) { WinogradF4R3.output($0) } },
  { StripRowTile<6, 4, 4, 1>.run($0) { WinogradF4R3.output($0) } },
]

private let twoVectorStripRowsF4R3: InlineArray<2, StripRowFunction> = [
  { StripRowTile<6, 4, 1, 2>.run($0) { WinogradF4R3.output($0) } },
  { StripRowTile<6, 4, 2, 2>.run($0) { WinogradF4R3.output($0) } },
]

private let oneVectorStripRowsF2R5: InlineArray<4, StripRowFunction> = [
  { StripRowTile<6, 2, 1, 1>.run($0) { WinogradF2R5.output($0) } },
  { StripRowTile<6, 2, 2, 1>.run($0) { WinogradF2R5.output($0) } },
  { StripRowTile<6, 2, 3, 1>.run($0) { WinogradF2R5.output($0) } },
  { StripRowTile<6, 2, 4, 1>.run($0) { WinogradF2R5.output($0) } },
]

private let twoVectorStripRowsF2R5: InlineArray<2, StripRowFunction> = [
  { StripRowTile<6, 2, 1, 2>.run($0) { WinogradF2R5.output($0) } },
  { StripRowTile<6, 2, 2, 2>.run($0) { WinogradF2R5.output($0) } },
]

/// The tile of F(m, r), or null; `channels` ≤ `maxStripChannels(vectors)`.
func stripRowFunction(_ m: Int, _ r: Int, channels: Int, vectors: Int) -> StripRowFunction? {
  switch (m, r) {
  case (4, 3):
    vectors == 1
      ? oneVectorStripRowsF4R3[channels - 1] : twoVectorStripRowsF4R3[channels - 1]
  case (2, 5):
    vectors == 1
      ? oneVectorStripRowsF2R5[channels - 1] : twoVectorStripRowsF2R5[channels - 1]
  default: nil
  }
}
