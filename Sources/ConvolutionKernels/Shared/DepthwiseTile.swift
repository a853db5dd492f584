import KernelInterface

/// Sums of `P` pixels of one block of channels, each channel on its own.
///
/// Algorithm: `DepthwiseArguments`' formula. Schedule: each tap loads one vector of weights and multiplies
/// it by `P` vectors of the source straight from memory: a load a multiply-add, which a core with two of
/// each a cycle keeps up with.
struct DepthwiseTile<let P: Int> {
  typealias Sums = InlineArray<P, Vector>

  @inline(__always)
  static func run(_ pointer: UnsafePointer<DepthwiseArguments>) {
    let a = pointer.pointee
    // The common strides as constants: addresses become displacements.
    switch a.pixel_stride {
    case Vector.scalarCount: rows(a, Vector.scalarCount)
    case 2 * Vector.scalarCount: rows(a, 2 * Vector.scalarCount)
    default: rows(a, a.pixel_stride)
    }
  }

  @inline(__always)
  private static func rows(_ a: DepthwiseArguments, _ stride: Int) {
    let start = a.bias.map { loadVector($0) } ?? Vector(repeating: 0)
    for row in 0..<a.rows {
      var src = a.src + row &* a.src_row_stride
      var dst = a.dst + row &* a.dst_row_stride
      var limits = a.tap_pixels
      for _ in 0..<a.tiles {
        var sums = Sums { _ in start }
        for column in 0..<a.tap_columns {
          let taps = a.tap_offsets + column &* a.tap_rows
          let weights = a.wei + column &* a.tap_rows &* Vector.scalarCount
          let (first, end) = (Int(limits[2 &* column]), Int(limits[2 &* column &+ 1]))
          // Most columns have all pixels; at the border of a 3×3 kernel one is missing.
          switch (first, end) {
          case (0, P): add(&sums, a, src, stride, taps, weights, 0, P)
          case (1, P): add(&sums, a, src, stride, taps, weights, 1, P)
          case (0, P - 1): add(&sums, a, src, stride, taps, weights, 0, P - 1)
          default: add(&sums, a, src, stride, taps, weights, first, end)
          }
        }
        if a.relu != 0 {
          for p in 0..<P { storeVector(rectified(sums[p]), dst + p &* Vector.scalarCount) }
        } else {
          for p in 0..<P { storeVector(sums[p], dst + p &* Vector.scalarCount) }
        }
        src += P &* stride
        dst += P &* Vector.scalarCount
        limits += 2 &* a.tap_columns
      }
    }
  }

  /// One column of taps for the pixels `first ..< end`.
  @inline(__always)
  private static func add(
    _ sums: inout Sums, _ a: DepthwiseArguments, _ src: UnsafePointer<Float>, _ stride: Int,
    _ taps: UnsafePointer<Int>, _ wei: UnsafePointer<Float>, _ first: Int, _ end: Int
  ) {
    var row = a.first_row
    while row < a.end_row {
      let pixels = src + taps[row]
      let weights = loadVector(wei + row &* Vector.scalarCount)
      for p in 0..<P where p >= first && p < end {
        sums[p] = multiplyAdd(loadVector(pixels + p &* stride), weights, sums[p])
      }
      row &+= 1
    }
  }
}

/// The tiles, by pixels − 1: 14 sums, a vector of weights and a product fit 16 registers.
let depthwiseTiles: InlineArray<14, DepthwiseFunction> = [
  { DepthwiseTile<1>.run($0) },
  { DepthwiseTile<2>.run($0) },
  { DepthwiseTile<3>.run($0) },
  { DepthwiseTile<4>.run($0) },
  { DepthwiseTile<5>.run($0) },
  { DepthwiseTile<6>.run($0) },
  { DepthwiseTile<7>.run($0) },
  { DepthwiseTile<8>.run($0) },
  { DepthwiseTile<9>.run($0) },
  { DepthwiseTile<10>.run($0) },
  { DepthwiseTile<11>.run($0) },
  { DepthwiseTile<12>.run($0) },
  { DepthwiseTile<13>.run($0) },
  { DepthwiseTile<14>.run($0) },
]
