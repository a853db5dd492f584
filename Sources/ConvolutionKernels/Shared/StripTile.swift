import KernelInterface

/// A register tile of Winograd's filtering F(m, r) along rows: `P` strips of `M` neighbouring outputs × `V`
/// vectors of output channels, `A = m + r − 1` sums each.
///
/// Algorithm: `StripArguments`' formula. Schedule: all `A·P·V` sums stay in registers over the whole reduction; each
/// step loads `A·V` weight vectors and broadcasts `A·P` transformed pixels, so the loads per multiply-add are
/// `1/P + 1/V`. The output transform takes the sums from registers, and the destination is touched once.
struct StripTile<let A: Int, let M: Int, let P: Int, let V: Int> {
  @inline(__always)
  static func run(
    _ pointer: UnsafePointer<StripArguments>,
    _ output: (InlineArray<A, Vector>) -> InlineArray<M, Vector>
  ) {
    let a = pointer.pointee
    var (src, dst, strip) = (a.src, a.dst, a.first_strip)
    var tile = 0
    repeat {
      // Filled by closures: `init(repeating:)` is a call that would pin the array to memory.
      var sums = InlineArray<P, InlineArray<V, InlineArray<A, Vector>>> { _ in
        .init { _ in .init { _ in Vector(repeating: 0) } }
      }
      var (x, wei) = (src, UnsafeRawPointer(a.wei))
      var step = 0
      while step < a.steps {
        for xi in 0..<A {
          var weights = InlineArray<V, Vector> { _ in Vector(repeating: 0) }
          for v in 0..<V {
            weights[v] = wei.loadUnaligned(
              fromByteOffset: (xi &* V &+ v) &* MemoryLayout<Vector>.size, as: Vector.self)
          }
          for p in 0..<P {
            let value = Vector(repeating: x[xi &* Vector.scalarCount &+ p])
            for v in 0..<V { sums[p][v][xi] = multiplyAdd(value, weights[v], sums[p][v][xi]) }
          }
        }
        x += a.step_stride
        wei += A &* V &* MemoryLayout<Vector>.size
        step &+= 1
      }
      // A loop of its own for each ending: with a branch inside, AVX2 lost its registers.
      if a.relu != 0 {
        finish(sums, a, dst, output) { storeVector(rectified($0), $1) }
      } else if a.streams != 0 {
        finish(sums, a, dst, output) { streamVector($0, $1) }
      } else {
        finish(sums, a, dst, output) { storeVector($0, $1) }
      }
      dst += P &* M &* Vector.scalarCount
      (src, strip) = (src + P, strip &+ P)
      if strip == Vector.scalarCount {
        (src, strip) = (src + (A &- 1) &* Vector.scalarCount, 0)
      }
      tile &+= 1
    } while tile < a.tiles
  }

  /// Transforms all sums back and hands each output, bias added, to `store` with its place.
  @inline(__always)
  private static func finish(
    _ sums: InlineArray<P, InlineArray<V, InlineArray<A, Vector>>>, _ a: StripArguments,
    _ dst: UnsafeMutablePointer<Float>,
    _ output: (InlineArray<A, Vector>) -> InlineArray<M, Vector>,
    _ store: (Vector, UnsafeMutablePointer<Float>) -> Void
  ) {
    for v in 0..<V {
      let bias = a.bias.map { loadVector($0 + v &* Vector.scalarCount) } ?? Vector(repeating: 0)
      for p in 0..<P {
        let outputs = output(sums[p][v])
        let target = dst + (v &* a.dst_vector_stride &+ p &* M &* Vector.scalarCount)
        for i in 0..<M { store(outputs[i] + bias, target + i &* Vector.scalarCount) }
      }
    }
  }
}
