import KernelInterface

/// Sums of `P` pixels of one block of channels, each channel on its own; `S` is the stride, 0 for any.
///
/// Algorithm: `DepthwiseArguments`' formula. Schedule: each tap loads one vector of weights and multiplies
/// it by `P` vectors of the source straight from memory: a load a multiply-add, which a core with two of
/// each a cycle keeps up with.
struct DepthwiseTile<let P: Int, let S: Int> {
  typealias Sums = InlineArray<P, Vector>

  @inline(__always)
  static func run(_ pointer: UnsafePointer<DepthwiseArguments>) {
    let a = pointer.pointee
    // A stride known at compile time makes displacements of the addresses.
    let stride = S == 0 ? a.pixel_stride : S &* Vector.scalarCount
    var start = Vector(repeating: 0)
    if let bias = a.bias { start = loadVector(bias) }
    var row = 0
    while row < a.rows {
      var src = a.src + row &* a.src_row_stride
      var dst = a.dst + row &* a.dst_row_stride
      var limits = a.tap_pixels
      var tile = 0
      while tile < a.tiles {
        var sums = Sums { _ in start }
        var column = 0
        while column < a.tap_columns {
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
          column &+= 1
        }
        if a.relu != 0 {
          for p in 0..<P { storeVector(rectified(sums[p]), dst + p &* Vector.scalarCount) }
        } else {
          for p in 0..<P { storeVector(sums[p], dst + p &* Vector.scalarCount) }
        }
        src += P &* stride
        dst += P &* Vector.scalarCount
        limits += 2 &* a.tap_columns
        tile &+= 1
      }
      row &+= 1
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
