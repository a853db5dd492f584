import KernelInterface

/// The input transform of strips, `lanes` of them at a time.
struct StripSource<let A: Int, let M: Int> {
  @inline(__always)
  static func run(
    _ pointer: UnsafePointer<StripSourceArguments>,
    _ dealt: (UnsafePointer<Float>) -> InlineArray<M, Vector>,
    _ input: (InlineArray<A, Vector>) -> InlineArray<A, Vector>
  ) {
    let a = pointer.pointee
    var (src, dst) = (a.src, a.dst)
    var block = 0
    while block < a.blocks {
      var x = InlineArray<A, Vector> { _ in Vector(repeating: 0) }
      for first in 0..<(A &+ M &- 1) / M {
        let part = dealt(src + first &* M)
        for j in 0..<M where first &* M &+ j < A { x[first &* M &+ j] = part[j] }
      }
      let spectrum = input(x)
      for xi in 0..<A { storeVector(spectrum[xi], dst + xi &* Vector.scalarCount) }
      src += M &* Vector.scalarCount
      dst += A &* Vector.scalarCount
      block &+= 1
    }
  }

  /// Every M-th pixel, from each of the first M on; M is 2 or 4.
  @inline(__always)
  static func inOrder(_ src: UnsafePointer<Float>) -> InlineArray<M, Vector> {
    let lanes = Vector.scalarCount
    let low = deinterleave(loadVector(src), loadVector(src + lanes))
    var columns = InlineArray<M, Vector> { _ in low.even }
    guard M == 4 else {
      columns[1] = low.odd
      return columns
    }
    let high = deinterleave(loadVector(src + 2 &* lanes), loadVector(src + 3 &* lanes))
    let (even, odd) = (deinterleave(low.even, high.even), deinterleave(low.odd, high.odd))
    columns[0] = even.even
    columns[1] = odd.even
    columns[M &- 2] = even.odd
    columns[M &- 1] = odd.odd
    return columns
  }

  /// The same, in the order of `FoursOfStrips`.
  @inline(__always)
  static func inFours(_ src: UnsafePointer<Float>) -> InlineArray<M, Vector> {
    var pixels = InlineArray<M, Vector> { _ in Vector(repeating: 0) }
    for i in 0..<M { pixels[i] = loadVector(src + i &* Vector.scalarCount) }
    return FoursOfStrips<M>.dealt(pixels)
  }
}

/// The input transform of F(m, r), or null; strips in order.
func stripSourceFunction(_ m: Int, _ r: Int) -> StripSourceFunction? {
  switch (m, r) {
  case (4, 3):
    { StripSource<6, 4>.run($0, StripSource<6, 4>.inOrder) { WinogradF4R3.input($0) } }
  case (2, 5):
    { StripSource<6, 2>.run($0, StripSource<6, 2>.inOrder) { WinogradF2R5.input($0) } }
  default: nil
  }
}

/// The same, strips in the order of `FoursOfStrips`.
func stripRowSourceFunction(_ m: Int, _ r: Int) -> StripSourceFunction? {
  switch (m, r) {
  case (4, 3):
    { StripSource<6, 4>.run($0, StripSource<6, 4>.inFours) { WinogradF4R3.input($0) } }
  case (2, 5):
    { StripSource<6, 2>.run($0, StripSource<6, 2>.inFours) { WinogradF2R5.input($0) } }
  default: nil
  }
}
