import KernelInterface

// The register tiles of strips, by vectors and then by strips − 1. Six sums a strip and vector: two by two, or
// four by one, are 24.

let maxStripVectors = 2

/// The most strips of a tile with so many vectors.
func maxStrips(_ vectors: Int) -> Int { vectors == 2 ? 2 : 4 }

private let oneVectorStripsF4R3: InlineArray<4, StripFunction> = [
  { StripTile<6, 4, 1, 1>.run($0) { WinogradF4R3.output($0) } },
  { StripTile<6, 4, 2, 1>.run($0) { WinogradF4R3.output($0) } },
  { StripTile<6, 4, 3, 1>.run($0) { WinogradF4R3.output($0) } },
  { StripTile<6, 4, 4, 1>.run($0) { WinogradF4R3.output($0) } },
]

private let twoVectorStripsF4R3: InlineArray<2, StripFunction> = [
  { StripTile<6, 4, 1, 2>.run($0) { WinogradF4R3.output($0) } },
  { StripTile<6, 4, 2, 2>.run($0) { WinogradF4R3.output($0) } },
]

private let oneVectorStripsF2R5: InlineArray<4, StripFunction> = [
  { StripTile<6, 2, 1, 1>.run($0) { WinogradF2R5.output($0) } },
  { StripTile<6, 2, 2, 1>.run($0) { WinogradF2R5.output($0) } },
  { StripTile<6, 2, 3, 1>.run($0) { WinogradF2R5.output($0) } },
  { StripTile<6, 2, 4, 1>.run($0) { WinogradF2R5.output($0) } },
]

private let twoVectorStripsF2R5: InlineArray<2, StripFunction> = [
  { StripTile<6, 2, 1, 2>.run($0) { WinogradF2R5.output($0) } },
  { StripTile<6, 2, 2, 2>.run($0) { WinogradF2R5.output($0) } },
]

/// The tile of F(m, r), or null; `strips` ≤ `maxStrips(vectors)`.
func stripFunction(_ m: Int, _ r: Int, strips: Int, vectors: Int) -> StripFunction? {
  switch (m, r) {
  case (4, 3):
    vectors == 1
      ? oneVectorStripsF4R3[strips - 1] : twoVectorStripsF4R3[strips - 1]
  case (2, 5):
    vectors == 1
      ? oneVectorStripsF2R5[strips - 1] : twoVectorStripsF2R5[strips - 1]
  default: nil
  }
}
