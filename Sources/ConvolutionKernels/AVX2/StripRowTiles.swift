import KernelInterface

// The register tiles of strips for plain planes, by channels − 1. Six sums a channel: two are 12.

/// The most output channels of a tile with so many vectors of strips.
func maxStripChannels(_ vectors: Int) -> Int { vectors == 1 ? 2 : 0 }

private let oneVectorStripRowsF4R3: InlineArray<2, StripRowFunction> = [
  { StripRowTile<6, 4, 1, 1>.run($0) { WinogradF4R3.output($0) } },
  { StripRowTile<6, 4, 2, 1>.run($0) { WinogradF4R3.output($0) } },
]

private let oneVectorStripRowsF2R5: InlineArray<2, StripRowFunction> = [
  { StripRowTile<6, 2, 1, 1>.run($0) { WinogradF2R5.output($0) } },
  { StripRowTile<6, 2, 2, 1>.run($0) { WinogradF2R5.output($0) } },
]

/// The tile of F(m, r), or null; `channels` ≤ `maxStripChannels(vectors)`.
func stripRowFunction(_ m: Int, _ r: Int, channels: Int, vectors: Int) -> StripRowFunction? {
  switch (m, r) {
  case (4, 3): oneVectorStripRowsF4R3[channels - 1]
  case (2, 5): oneVectorStripRowsF2R5[channels - 1]
  default: nil
  }
}
