import KernelInterface

// The register tiles, by vectors and then by pixels − 1.

private let oneVector: InlineArray<8, TileFunction> = [
  { Tile<1, 1, 1>.run($0) },
  { Tile<2, 1, 1>.run($0) },
  { Tile<3, 1, 1>.run($0) },
  { Tile<4, 1, 1>.run($0) },
  { Tile<5, 1, 1>.run($0) },
  { Tile<6, 1, 1>.run($0) },
  { Tile<7, 1, 1>.run($0) },
  { Tile<8, 1, 1>.run($0) },
]

private let twoVectors: InlineArray<5, TileFunction> = [
  { Tile<1, 2, 1>.run($0) },
  { Tile<2, 2, 1>.run($0) },
  { Tile<3, 2, 1>.run($0) },
  { Tile<4, 2, 1>.run($0) },
  { Tile<5, 2, 1>.run($0) },
]

let maxVectors = 2

/// The most pixels of a tile with so many vectors.
func maxPixels(_ vectors: Int) -> Int {
  switch vectors {
  case 1: 8
  case 2: 5
  default: 0
  }
}

/// The tile; `pixels` ≤ `maxPixels(vectors)`.
func tileFunction(pixels: Int, vectors: Int) -> TileFunction {
  switch vectors {
  case 1: oneVector[pixels - 1]
  default: twoVectors[pixels - 1]
  }
}

/// None that sum pairs of channels: two vectors hold 8 output channels already.
let pairTileFunction: (@convention(c) (Int) -> TileFunction)? = nil

/// None at borders.
let borderTileFunction: (@convention(c) (Int, Int) -> TileFunction)? = nil
