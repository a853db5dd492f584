import KernelInterface

/// Transposition between plain channel planes and blocks of one vector of channels.
enum Reorder {
  /// `dst[pixel][c] = src[c·plane_stride + pixel·pixel_step]`, zero for `c ≥ channels`.
  static func pack(_ pointer: UnsafePointer<ReorderArguments>) {
    let a = pointer.pointee
    var x = 0
    if a.channels == Vector.scalarCount && a.pixel_step == 1 {
      while x &+ Vector.scalarCount <= a.pixels {
        var rows = Square(repeating: Vector(repeating: 0))
        for c in 0..<Vector.scalarCount { rows[c] = loadVector(a.src + (c &* a.plane_stride &+ x)) }
        transpose(&rows)
        let dst = a.dst + x &* Vector.scalarCount
        for i in 0..<Vector.scalarCount { storeVector(rows[i], dst + i &* Vector.scalarCount) }
        x &+= Vector.scalarCount
      }
    }
    while x < a.pixels {
      let src = a.src + x &* a.pixel_step
      let dst = a.dst + x &* Vector.scalarCount
      for c in 0..<a.channels { dst[c] = src[c &* a.plane_stride] }
      for c in a.channels..<Vector.scalarCount { dst[c] = 0 }
      x &+= 1
    }
  }

  /// `dst[c·plane_stride + pixel] = src[pixel][c]` for `c < channels`.
  static func unpack(_ pointer: UnsafePointer<ReorderArguments>) {
    let a = pointer.pointee
    var x = 0
    while x &+ Vector.scalarCount <= a.pixels {
      var rows = Square(repeating: Vector(repeating: 0))
      let src = a.src + x &* Vector.scalarCount
      for i in 0..<Vector.scalarCount { rows[i] = loadVector(src + i &* Vector.scalarCount) }
      transpose(&rows)
      if a.channels == Vector.scalarCount {
        for c in 0..<Vector.scalarCount { storeVector(rows[c], a.dst + (c &* a.plane_stride &+ x)) }
      } else {
        for c in 0..<a.channels { storeVector(rows[c], a.dst + (c &* a.plane_stride &+ x)) }
      }
      x &+= Vector.scalarCount
    }
    while x < a.pixels {
      let src = a.src + x &* Vector.scalarCount
      for c in 0..<a.channels { a.dst[c &* a.plane_stride &+ x] = src[c] }
      x &+= 1
    }
  }

  typealias Square = SquareOfVectors

  /// Transposes a lanes × lanes square: log₂ lanes rounds, each of which splits neighbouring pairs of
  /// rows into their even and odd elements (a perfect shuffle, one two-source permute a vector).
  @inline(__always)
  private static func transpose(_ rows: inout Square) {
    var round = 1
    while round < Vector.scalarCount {
      var next = Square(repeating: Vector(repeating: 0))
      for i in 0..<Vector.scalarCount / 2 {
        let (even, odd) = deinterleave(rows[2 &* i], rows[2 &* i &+ 1])
        next[i] = even
        next[i &+ Vector.scalarCount / 2] = odd
      }
      rows = next
      round &*= 2
    }
  }
}
