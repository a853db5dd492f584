import KernelInterface

/// Transposition between plain channel planes and blocks of one vector of channels.
///
/// Works on lanes × lanes squares in registers. Planes are often a multiple of 4 KiB apart, so that
/// one line of each fills a set of the first-level cache: a plane is therefore read or written
/// `stripPixels` pixels at a time, by way of a strip that stays in that cache (16 planes of 224×224
/// are written three times as fast as line by line).
///
/// A last partial strip or square overlaps its neighbour, so that nothing outside the planes is
/// touched. Only planes smaller than a square are moved element by element.
enum Reorder {
  typealias Square = SquareOfVectors

  /// Pixels of a strip: four lines of a plane.
  private static var stripPixels: Int { 64 }

  /// `dst[pixel][c] = src[c·plane_stride + pixel]`, zero for `c ≥ channels`.
  static func pack(_ pointer: UnsafePointer<ReorderArguments>) {
    let a = pointer.pointee
    guard a.pixels >= Vector.scalarCount else { return packScalars(a) }
    forEachPart(of: a.pixels, by: Vector.scalarCount) {
      packSquare(a, $0, from: a.src + $0, planeStride: a.plane_stride)
    }
  }

  /// `dst[c·plane_stride + pixel] = src[pixel][c]` for `c < channels`.
  static func unpack(_ pointer: UnsafePointer<ReorderArguments>) {
    let a = pointer.pointee
    guard a.pixels >= Vector.scalarCount else { return unpackScalars(a) }
    guard a.pixels >= stripPixels else {
      return forEachPart(of: a.pixels, by: Vector.scalarCount) {
        unpackSquare(a, $0, to: a.dst + $0, planeStride: a.plane_stride)
      }
    }
    withStrip { strip in
      forEachPart(of: a.pixels, by: stripPixels) { x in
        var i = 0
        while i < stripPixels {
          unpackSquare(a, x &+ i, to: strip + i, planeStride: stripPixels)
          i &+= Vector.scalarCount
        }
        for c in 0..<a.channels {
          let target = a.dst + (c &* a.plane_stride &+ x)
          let row = strip + c &* stripPixels
          if a.streams != 0 {
            forEachVectorOfStrip { streamVector(loadVector(row + $0), target + $0) }
          } else {
            forEachVectorOfStrip { storeVector(loadVector(row + $0), target + $0) }
            if a.ahead > 0 { fetchStripRow(target + a.ahead) }
          }
        }
      }
    }
  }

  @inline(__always)
  private static func withStrip(_ body: (UnsafeMutablePointer<Float>) -> Void) {
    withUnsafeTemporaryAllocation(
      byteCount: Vector.scalarCount &* stripPixels &* MemoryLayout<Float>.size, alignment: 64
    ) { body($0.baseAddress!.assumingMemoryBound(to: Float.self)) }
  }

  @inline(__always)
  private static func forEachVectorOfStrip(_ body: (Int) -> Void) {
    var i = 0
    while i < stripPixels {
      body(i)
      i &+= Vector.scalarCount
    }
  }

  @inline(__always)
  private static func fetchStripRow(_ dst: UnsafeMutablePointer<Float>) {
    var i = 0
    while i < stripPixels {
      kernel_prefetch_write(dst + i)
      i &+= 64 / MemoryLayout<Float>.size
    }
  }

  /// Calls `body` with the first pixel of each part, the last one moved back into the plane.
  @inline(__always)
  private static func forEachPart(of pixels: Int, by size: Int, _ body: (Int) -> Void) {
    var x = 0
    while true {
      body(x)
      let end = x &+ size
      guard end < pixels else { return }
      x = min(end, pixels &- size)
    }
  }

  /// Where successive pixels lie on the blocked side.
  ///
  /// Without branches, so that the loops over a square are unrolled and it stays in registers.
  private struct BlockedPixels {
    private var offset: Int
    private var column: Int
    private let rowPixels: Int
    private let rowGap: Int

    @inline(__always)
    init(_ a: ReorderArguments, from x: Int) {
      let (row, column) = x.quotientAndRemainder(dividingBy: a.row_pixels)
      offset = x &* Vector.scalarCount &+ row &* a.row_gap
      self.column = column
      rowPixels = a.row_pixels
      rowGap = a.row_gap
    }

    @inline(__always)
    mutating func next() -> Int {
      defer {
        column &+= 1
        let isRowEnd = column == rowPixels
        offset &+= Vector.scalarCount &+ (isRowEnd ? rowGap : 0)
        column = isRowEnd ? 0 : column
      }
      return offset
    }
  }

  /// A square of pixels from `x` on; `src` is the first of them in the first plane.
  @inline(__always)
  private static func packSquare(
    _ a: ReorderArguments, _ x: Int, from src: UnsafePointer<Float>, planeStride: Int
  ) {
    let rows = square(
      from: src, planeStride: planeStride, channels: a.channels, ahead: a.ahead)
    if a.row_gap == 0 {
      for i in 0..<Vector.scalarCount {
        storeVector(rows[i], a.dst + (x &+ i) &* Vector.scalarCount)
      }
    } else {
      var pixels = BlockedPixels(a, from: x)
      for i in 0..<Vector.scalarCount { storeVector(rows[i], a.dst + pixels.next()) }
    }
  }

  /// The first `pixels` pixels of a square, side by side; all of it may be read.
  @inline(__always)
  static func packSquare(
    from src: UnsafePointer<Float>, planeStride: Int, channels: Int, pixels: Int,
    to dst: UnsafeMutablePointer<Float>
  ) {
    let rows = square(from: src, planeStride: planeStride, channels: channels, ahead: 0)
    for i in 0..<Vector.scalarCount where i < pixels {
      storeVector(rows[i], dst + i &* Vector.scalarCount)
    }
  }

  /// The pixels at `src` as vectors of channels, zero for those that are missing.
  @inline(__always)
  private static func square(
    from src: UnsafePointer<Float>, planeStride: Int, channels: Int, ahead: Int
  ) -> Square {
    var rows = Square { _ in Vector(repeating: 0) }
    if channels == Vector.scalarCount {
      for c in 0..<Vector.scalarCount { rows[c] = loadVector(src + c &* planeStride) }
      if ahead > 0 {
        for c in 0..<Vector.scalarCount { kernel_prefetch(src + (c &* planeStride &+ ahead)) }
      }
    } else {
      for c in 0..<Vector.scalarCount where c < channels {
        rows[c] = loadVector(src + c &* planeStride)
      }
    }
    transpose(&rows)
    return rows
  }

  /// A square of pixels from `x` on; `dst` is the first of them in the first plane.
  @inline(__always)
  private static func unpackSquare(
    _ a: ReorderArguments, _ x: Int, to dst: UnsafeMutablePointer<Float>, planeStride: Int
  ) {
    var rows = Square { _ in Vector(repeating: 0) }
    for i in 0..<Vector.scalarCount { rows[i] = loadVector(a.src + (x &+ i) &* Vector.scalarCount) }
    transpose(&rows)
    if a.channels == Vector.scalarCount {
      for c in 0..<Vector.scalarCount { storeVector(rows[c], dst + c &* planeStride) }
    } else {
      for c in 0..<Vector.scalarCount where c < a.channels {
        storeVector(rows[c], dst + c &* planeStride)
      }
    }
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
      let src = a.src + x &* Vector.scalarCount
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
