import KernelInterface

/// The register tile of strips turned round: `K` output channels × `V` vectors of neighbouring strips, `M` outputs
/// and `A = m + r − 1` sums each.
///
/// Algorithm: `StripRowArguments`' formula. Schedule: as `StripTile`, but each step loads `A·V` vectors of transformed
/// pixels and broadcasts `A·K` weights. What the output transform leaves, a vector for each of the `M` places in a
/// strip, is interleaved into neighbouring pixels (`FoursOfStrips`): plain planes are written without transposing
/// anything else.
struct StripRowTile<let A: Int, let M: Int, let K: Int, let V: Int> {
  typealias Sums = InlineArray<K, InlineArray<V, InlineArray<A, Vector>>>

  @inline(__always)
  static func run(
    _ pointer: UnsafePointer<StripRowArguments>,
    _ output: (InlineArray<A, Vector>) -> InlineArray<M, Vector>
  ) {
    var a = pointer.pointee
    var tile = 0
    repeat {
      // Filled by closures: `init(repeating:)` is a call that would pin the array to memory.
      var sums = Sums { _ in .init { _ in .init { _ in Vector(repeating: 0) } } }
      var (x, wei) = (a.src, a.wei)
      var step = 0
      while step < a.steps {
        for xi in 0..<A {
          var pixels = InlineArray<V, Vector> { _ in Vector(repeating: 0) }
          for v in 0..<V { pixels[v] = loadVector(x + (v &* A &+ xi) &* Vector.scalarCount) }
          for k in 0..<K {
            let weight = Vector(repeating: wei[xi &* K &+ k])
            for v in 0..<V { sums[k][v][xi] = multiplyAdd(weight, pixels[v], sums[k][v][xi]) }
          }
        }
        x += a.step_stride
        wei += A &* K
        step &+= 1
      }
      // A loop of its own for each ending, as in `StripTile`.
      if a.relu != 0 {
        finish(sums, a, output) { storeVector(rectified($0), $1) }
      } else if a.streams != 0 {
        finish(sums, a, output) { streamVector($0, $1) }
      } else {
        finish(sums, a, output) { storeVector($0, $1) }
      }
      a.wei += a.tile_wei_stride
      a.dst += K &* a.plane_stride
      a.bias = a.bias.map { $0 + K }
      tile &+= 1
    } while tile < a.tiles
  }

  /// Transforms all sums back and hands each vector of pixels, bias added, to `store` with its place.
  @inline(__always)
  private static func finish(
    _ sums: Sums, _ a: StripRowArguments,
    _ output: (InlineArray<A, Vector>) -> InlineArray<M, Vector>,
    _ store: (Vector, UnsafeMutablePointer<Float>) -> Void
  ) {
    for k in 0..<K {
      for v in 0..<V {
        var places = output(sums[k][v])
        // After the transform and before the shuffles: both need all registers of AVX2.
        let bias = Vector(repeating: a.bias.map { $0[k] } ?? 0)
        for i in 0..<M { places[i] += bias }
        let pixels = FoursOfStrips<M>.interleaved(places)
        let target = a.dst + (k &* a.plane_stride &+ v &* a.dst_vector_stride)
        for i in 0..<M { store(pixels[i], target + i &* Vector.scalarCount) }
      }
    }
  }
}
