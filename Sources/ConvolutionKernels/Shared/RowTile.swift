import KernelInterface

/// The register tile turned round: `P` output channels × `V` vectors of neighbouring pixels.
///
/// Algorithm: `RowTileArguments`' formula. Schedule: as `Tile`, but each step loads `V` vectors of
/// source pixels as they lie in their plane and broadcasts `P` weights, so that plain planes are read
/// and written without transposing anything.
struct RowTile<let P: Int, let V: Int> {
  @inline(__always)
  static func run(_ pointer: UnsafePointer<RowTileArguments>) {
    let a = pointer.pointee
    var (src, dst) = (a.src, a.dst)
    var tile = 0
    repeat {
      // Filled by closures: `init(repeating:)` is a call that would pin the array to memory.
      var sums = InlineArray<P, InlineArray<V, Vector>> { _ in .init { _ in Vector(repeating: 0) } }
      if let bias = a.bias {
        for p in 0..<P {
          let value = Vector(repeating: bias[p])
          for v in 0..<V { sums[p][v] = value }
        }
      }
      var wei = a.wei
      var tap = 0
      while tap < a.taps {
        let pixels = src + a.tap_offsets[tap]
        var x = InlineArray<V, Vector> { _ in Vector(repeating: 0) }
        for v in 0..<V { x[v] = loadVector(pixels + v &* Vector.scalarCount) }
        for p in 0..<P {
          let w = Vector(repeating: wei[p])
          for v in 0..<V { sums[p][v] = multiplyAdd(w, x[v], sums[p][v]) }
        }
        wei += P
        tap &+= 1
      }
      if a.relu != 0 {
        for p in 0..<P {
          for v in 0..<V { storeVector(rectified(sums[p][v]), target(dst, a, p, v)) }
        }
      } else if a.streams != 0 {
        for p in 0..<P { for v in 0..<V { streamVector(sums[p][v], target(dst, a, p, v)) } }
      } else {
        for p in 0..<P { for v in 0..<V { storeVector(sums[p][v], target(dst, a, p, v)) } }
      }
      src += V &* Vector.scalarCount
      dst += V &* Vector.scalarCount
      tile &+= 1
    } while tile < a.tiles
  }

  @inline(__always)
  private static func target(
    _ dst: UnsafeMutablePointer<Float>, _ a: RowTileArguments, _ p: Int, _ v: Int
  ) -> UnsafeMutablePointer<Float> {
    dst + (p &* a.plane_stride &+ v &* Vector.scalarCount)
  }
}
