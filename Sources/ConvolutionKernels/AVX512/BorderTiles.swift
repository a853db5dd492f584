import KernelInterface

// The register tiles at borders, by vectors and then by pixels − `kernel_border_pixels`.

private let oneVectorBorder: InlineArray<22, TileFunction> = [
  { Tile<3, 1, 1>.runAtBorder($0) },
  { Tile<4, 1, 1>.runAtBorder($0) },
  { Tile<5, 1, 1>.runAtBorder($0) },
  { Tile<6, 1, 1>.runAtBorder($0) },
  { Tile<7, 1, 1>.runAtBorder($0) },
  { Tile<8, 1, 1>.runAtBorder($0) },
  { Tile<9, 1, 1>.runAtBorder($0) },
  { Tile<10, 1, 1>.runAtBorder($0) },
  { Tile<11, 1, 1>.runAtBorder($0) },
  { Tile<12, 1, 1>.runAtBorder($0) },
  { Tile<13, 1, 1>.runAtBorder($0) },
  { Tile<14, 1, 1>.runAtBorder($0) },
  { Tile<15, 1, 1>.runAtBorder($0) },
  { Tile<16, 1, 1>.runAtBorder($0) },
  { Tile<17, 1, 1>.runAtBorder($0) },
  { Tile<18, 1, 1>.runAtBorder($0) },
  { Tile<19, 1, 1>.runAtBorder($0) },
  { Tile<20, 1, 1>.runAtBorder($0) },
  { Tile<21, 1, 1>.runAtBorder($0) },
  { Tile<22, 1, 1>.runAtBorder($0) },
  { Tile<23, 1, 1>.runAtBorder($0) },
  { Tile<24, 1, 1>.runAtBorder($0) },
]

private let twoVectorsBorder: InlineArray<12, TileFunction> = [
  { Tile<3, 2, 1>.runAtBorder($0) },
  { Tile<4, 2, 1>.runAtBorder($0) },
  { Tile<5, 2, 1>.runAtBorder($0) },
  { Tile<6, 2, 1>.runAtBorder($0) },
  { Tile<7, 2, 1>.runAtBorder($0) },
  { Tile<8, 2, 1>.runAtBorder($0) },
  { Tile<9, 2, 1>.runAtBorder($0) },
  { Tile<10, 2, 1>.runAtBorder($0) },
  { Tile<11, 2, 1>.runAtBorder($0) },
  { Tile<12, 2, 1>.runAtBorder($0) },
  { Tile<13, 2, 1>.runAtBorder($0) },
  { Tile<14, 2, 1>.runAtBorder($0) },
]

private let threeVectorsBorder: InlineArray<7, TileFunction> = [
  { Tile<3, 3, 1>.runAtBorder($0) },
  { Tile<4, 3, 1>.runAtBorder($0) },
  { Tile<5, 3, 1>.runAtBorder($0) },
  { Tile<6, 3, 1>.runAtBorder($0) },
  { Tile<7, 3, 1>.runAtBorder($0) },
  { Tile<8, 3, 1>.runAtBorder($0) },
  { Tile<9, 3, 1>.runAtBorder($0) },
]

private let fourVectorsBorder: InlineArray<4, TileFunction> = [
  { Tile<3, 4, 1>.runAtBorder($0) },
  { Tile<4, 4, 1>.runAtBorder($0) },
  { Tile<5, 4, 1>.runAtBorder($0) },
  { Tile<6, 4, 1>.runAtBorder($0) },
]

/// The tile; `kernel_border_pixels` ≤ `pixels` ≤ `maxPixels(vectors)`.
let borderTileFunction: (@convention(c) (Int, Int) -> TileFunction)? = { pixels, vectors in
  let index = pixels - kernel_border_pixels
  return switch vectors {
  case 1: oneVectorBorder[index]
  case 2: twoVectorsBorder[index]
  case 3: threeVectorsBorder[index]
  default: fourVectorsBorder[index]
  }
}
