import KernelInterface

// The register tiles, by vectors and then by pixels − 1.

private let oneVector: InlineArray<24, TileFunction> = [
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
  { Tile<13, 1, 1>.run($0) },
  { Tile<14, 1, 1>.run($0) },
  { Tile<15, 1, 1>.run($0) },
  { Tile<16, 1, 1>.run($0) },
  { Tile<17, 1, 1>.run($0) },
  { Tile<18, 1, 1>.run($0) },
  { Tile<19, 1, 1>.run($0) },
  { Tile<20, 1, 1>.run($0) },
  { Tile<21, 1, 1>.run($0) },
  { Tile<22, 1, 1>.run($0) },
  { Tile<23, 1, 1>.run($0) },
  { Tile<24, 1, 1>.run($0) },
]

private let twoVectors: InlineArray<14, TileFunction> = [
  { Tile<1, 2, 1>.run($0) },
  { Tile<2, 2, 1>.run($0) },
  { Tile<3, 2, 1>.run($0) },
  { Tile<4, 2, 1>.run($0) },
  { Tile<5, 2, 1>.run($0) },
  { Tile<6, 2, 1>.run($0) },
  { Tile<7, 2, 1>.run($0) },
  { Tile<8, 2, 1>.run($0) },
  { Tile<9, 2, 1>.run($0) },
  { Tile<10, 2, 1>.run($0) },
  { Tile<11, 2, 1>.run($0) },
  { Tile<12, 2, 1>.run($0) },
  { Tile<13, 2, 1>.run($0) },
  { Tile<14, 2, 1>.run($0) },
]

private let threeVectors: InlineArray<9, TileFunction> = [
  { Tile<1, 3, 1>.run($0) },
  { Tile<2, 3, 1>.run($0) },
  { Tile<3, 3, 1>.run($0) },
  { Tile<4, 3, 1>.run($0) },
  { Tile<5, 3, 1>.run($0) },
  { Tile<6, 3, 1>.run($0) },
  { Tile<7, 3, 1>.run($0) },
  { Tile<8, 3, 1>.run($0) },
  { Tile<9, 3, 1>.run($0) },
]

private let fourVectors: InlineArray<6, TileFunction> = [
  { Tile<1, 4, 1>.run($0) },
  { Tile<2, 4, 1>.run($0) },
  { Tile<3, 4, 1>.run($0) },
  { Tile<4, 4, 1>.run($0) },
  { Tile<5, 4, 1>.run($0) },
  { Tile<6, 4, 1>.run($0) },
]

// Of one vector, summing pairs of channels.
private let channelPairs: InlineArray<14, TileFunction> = [
  { Tile<1, 2, 2>.run($0) },
  { Tile<2, 2, 2>.run($0) },
  { Tile<3, 2, 2>.run($0) },
  { Tile<4, 2, 2>.run($0) },
  { Tile<5, 2, 2>.run($0) },
  { Tile<6, 2, 2>.run($0) },
  { Tile<7, 2, 2>.run($0) },
  { Tile<8, 2, 2>.run($0) },
  { Tile<9, 2, 2>.run($0) },
  { Tile<10, 2, 2>.run($0) },
  { Tile<11, 2, 2>.run($0) },
  { Tile<12, 2, 2>.run($0) },
  { Tile<13, 2, 2>.run($0) },
  { Tile<14, 2, 2>.run($0) },
]

let maxVectors = 4

/// The most pixels of a tile with so many vectors.
func maxPixels(_ vectors: Int) -> Int {
  switch vectors {
  case 1: 24
  case 2: 14
  case 3: 9
  case 4: 6
  default: 0
  }
}

/// The tile; `pixels` ≤ `maxPixels(vectors)`.
func tileFunction(pixels: Int, vectors: Int) -> TileFunction {
  switch vectors {
  case 1: oneVector[pixels - 1]
  case 2: twoVectors[pixels - 1]
  case 3: threeVectors[pixels - 1]
  default: fourVectors[pixels - 1]
  }
}

/// The tiles of one vector that sum pairs of channels, up to `maxPixels(2)` pixels.
let pairTileFunction: (@convention(c) (Int) -> TileFunction)? = { channelPairs[$0 - 1] }
