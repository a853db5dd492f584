import KernelInterface

/// Transposition between plain channel planes and blocks of one vector of channels.
///
/// Works on lanes × lanes squares in registers; a last partial square is one that overlaps its
/// neighbour, so that nothing outside the planes is read. Only planes smaller than a square are
/// moved element by element.
enum Reorder {
  typealias Square = SquareOfVectors

  /// `dst[pixel][c] = src[c·plane_stride + pixel]`, zero for `c ≥ channels`.
  static func pack(_ pointer: UnsafePointer<ReorderArguments>) {
    let a = pointer.pointee
    guard a.pixels >= Vector.scalarCount else { return packScalars(a) }
    var x = 0
    while true {
      var rows = Square { _ in Vector(repeating: 0) }
      if a.channels == Vector.scalarCount {
        for c in 0..<Vector.scalarCount { rows[c] = loadVector(a.src + (c &* a.plane_stride &+ x)) }
      } else {
        for c in 0..<Vector.scalarCount where c < a.channels {
          rows[c] = loadVector(a.src + (c &* a.plane_stride &+ x))
        }
      }
      transpose(&rows)
      var (row, column) = x.quotientAndRemainder(dividingBy: a.row_pixels)
      for i in 0..<Vector.scalarCount {
        storeVector(rows[i], a.dst + ((x &+ i) &* Vector.scalarCount &+ row &* a.row_gap))
        column &+= 1
        if column == a.row_pixels {
          column = 0
          row &+= 1
        }
      }
      guard let next = nextSquare(x, a.pixels) else { return }
      x = next
    }
  }

  /// `dst[c·plane_stride + pixel] = src[pixel][c]` for `c < channels`.
  static func unpack(_ pointer: UnsafePointer<ReorderArguments>) {
    let a = pointer.pointee
    guard a.pixels >= Vector.scalarCount else { return unpackScalars(a) }
    var x = 0
    while true {
      var rows = Square { _ in Vector(repeating: 0) }
      var (row, column) = x.quotientAndRemainder(dividingBy: a.row_pixels)
      for i in 0..<Vector.scalarCount {
        rows[i] = loadVector(a.src + ((x &+ i) &* Vector.scalarCount &+ row &* a.row_gap))
        column &+= 1
        if column == a.row_pixels {
          column = 0
          row &+= 1
        }
      }
      transpose(&rows)
      if a.channels == Vector.scalarCount {
        for c in 0..<Vector.scalarCount { storeVector(rows[c], a.dst + (c &* a.plane_stride &+ x)) }
      } else {
        for c in 0..<Vector.scalarCount where c < a.channels {
          storeVector(rows[c], a.dst + (c &* a.plane_stride &+ x))
        }
      }
      guard let next = nextSquare(x, a.pixels) else { return }
      x = next
    }
  }

  /// Where the square after the one at `x` begins, the last one moved back into the plane.
  @inline(__always)
  private static func nextSquare(_ x: Int, _ pixels: Int) -> Int? {
    let end = x &+ Vector.scalarCount
    return end < pixels ? min(end, pixels &- Vector.scalarCount) : nil
  }

  private static func packScalars(_ a: ReorderArguments) {
    for x in 0..<a.pixels {
      let dst = a.dst + (x &* Vector.scalarCount &+ x / a.row_pixels &* a.row_gap)
      for c in 0..<a.channels { dst[c] = a.src[c &* a.plane_stride &+ x] }
      for c in a.channels..<Vector.scalarCount { dst[c] = 0 }
    }
  }

  private static func unpackScalars(_ a: ReorderArguments) {
    for x in 0..<a.pixels {
      let src = a.src + (x &* Vector.scalarCount &+ x / a.row_pixels &* a.row_gap)
      for c in 0..<a.channels { a.dst[c &* a.plane_stride &+ x] = src[c] }
    }
  }

  /// Transposes a square: log₂ lanes rounds, each of which splits neighbouring pairs of rows into
  /// their even and odd elements (a perfect shuffle, one two-source permute a vector).
  @inline(__always)
  private static func transpose(_ rows: inout Square) {
    var round = 1
    while round < Vector.scalarCount {
      var next = Square { _ in Vector(repeating: 0) }
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
