import KernelInterface

// The tiles of depthwise convolutions, by stride and then by pixels − 1.
// 16 registers: 8 sums, a vector of weights and products.

let maxDepthwisePixels = 8

private let depthwiseAnyStride: InlineArray<8, DepthwiseFunction> = [
  { DepthwiseTile<1, 0>.run($0) },
  { DepthwiseTile<2, 0>.run($0) },
  { DepthwiseTile<3, 0>.run($0) },
  { DepthwiseTile<4, 0>.run($0) },
  { DepthwiseTile<5, 0>.run($0) },
  { DepthwiseTile<6, 0>.run($0) },
  { DepthwiseTile<7, 0>.run($0) },
  { DepthwiseTile<8, 0>.run($0) },
]

private let depthwiseStrideOne: InlineArray<8, DepthwiseFunction> = [
  { DepthwiseTile<1, 1>.run($0) },
  { DepthwiseTile<2, 1>.run($0) },
  { DepthwiseTile<3, 1>.run($0) },
  { DepthwiseTile<4, 1>.run($0) },
  { DepthwiseTile<5, 1>.run($0) },
  { DepthwiseTile<6, 1>.run($0) },
  { DepthwiseTile<7, 1>.run($0) },
  { DepthwiseTile<8, 1>.run($0) },
]

private let depthwiseStrideTwo: InlineArray<8, DepthwiseFunction> = [
  { DepthwiseTile<1, 2>.run($0) },
  { DepthwiseTile<2, 2>.run($0) },
  { DepthwiseTile<3, 2>.run($0) },
  { DepthwiseTile<4, 2>.run($0) },
  { DepthwiseTile<5, 2>.run($0) },
  { DepthwiseTile<6, 2>.run($0) },
  { DepthwiseTile<7, 2>.run($0) },
  { DepthwiseTile<8, 2>.run($0) },
]

/// The tile; `pixels` ≤ `maxDepthwisePixels`.
func depthwiseFunction(pixels: Int, stride: Int) -> DepthwiseFunction {
  switch stride {
  case 1: depthwiseStrideOne[pixels - 1]
  case 2: depthwiseStrideTwo[pixels - 1]
  default: depthwiseAnyStride[pixels - 1]
  }
}
