import KernelInterface

// The register tiles, by vectors and then by pixels − 1.

private let oneVector: InlineArray<12, TileFunction> = [
  { Tile<1, 1, 1>.run($0) },
  { Tile<2, 1, 1>.run($0) },
  { Tile<3, 1, 1>.run($0) },
  { Tile<4, 1, 1>.run($0) },
  { Tile<5, 1, 1>.run($0) },
  { Tile<6, 1, 1>.run($0) },
  { Tile<7, 1, 1>.run($0) },
  { Tile<8, 1, 1>.run($0) },
  { Tile<9, 1, 1>.run($0) },
  { Tile<10, 1, 1>.run($0) },
  { Tile<11, 1, 1>.run($0) },
  { Tile<12, 1, 1>.run($0) },
]

private let twoVectors: InlineArray<6, TileFunction> = [
  { Tile<1, 2, 1>.run($0) },
  { Tile<2, 2, 1>.run($0) },
  { Tile<3, 2, 1>.run($0) },
  { Tile<4, 2, 1>.run($0) },
  { Tile<5, 2, 1>.run($0) },
  { Tile<6, 2, 1>.run($0) },
]

private let threeVectors: InlineArray<4, TileFunction> = [
  { Tile<1, 3, 1>.run($0) },
  { Tile<2, 3, 1>.run($0) },
  { Tile<3, 3, 1>.run($0) },
  { Tile<4, 3, 1>.run($0) },
]

let maxVectors = 3

/// The most pixels of a tile with so many vectors.
func maxPixels(_ vectors: Int) -> Int {
  switch vectors {
  case 1: 12
  case 2: 6
  case 3: 4
  default: 0
  }
}

/// The tile; `pixels` ≤ `maxPixels(vectors)`.
func tileFunction(pixels: Int, vectors: Int) -> TileFunction {
  switch vectors {
  case 1: oneVector[pixels - 1]
  case 2: twoVectors[pixels - 1]
  default: threeVectors[pixels - 1]
  }
}

/// None that sum pairs of channels: two vectors hold the 16 output channels that are few in practice, and a
/// 6×2 tile of pairs spilled.
let pairTileFunction: (@convention(c) (Int) -> TileFunction)? = nil

/// None at borders: of 6×2 and 4×3 tiles, one or two sums were kept on the stack, and layers of ResNet-50 and
/// GoogLeNet ran .98 to 1.03 times as fast.
let borderTileFunction: (@convention(c) (Int, Int) -> TileFunction)? = nil
