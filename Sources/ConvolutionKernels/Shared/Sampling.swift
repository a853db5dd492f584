import KernelInterface

/// Some pixels of plain planes, such as a strided 1×1 kernel reads, into blocks of one vector of channels.
///
/// Gathered row by row into a strip that stays in the first-level cache, then transposed from there. A row's last
/// vector may read and write beyond it: the next row overwrites what it left in the strip. Where the tensor
/// ends, and with other strides than 2, rows are copied as into panels.
enum Sampling {
  private static var stripPixels: Int { 64 }
  /// Between the channels of a strip: room for what the last vector of a row writes beyond it.
  private static var stripStride: Int { stripPixels &+ Vector.scalarCount }

  static func pack(_ pointer: UnsafePointer<SampleArguments>) {
    let a = pointer.pointee
    withUnsafeTemporaryAllocation(
      byteCount: Vector.scalarCount &* stripStride &* MemoryLayout<Float>.size, alignment: 64
    ) {
      let strip = $0.baseAddress!.assumingMemoryBound(to: Float.self)
      var x = 0
      while x < a.pixels {
        let count = min(stripPixels, a.pixels &- x)
        gather(a, a.first &+ x, count, strip)
        var i = 0
        while i < count {
          let target = a.dst + (x &+ i) &* Vector.scalarCount
          Reorder.packSquare(
            from: strip + i, planeStride: stripStride, channels: a.channels,
            pixels: min(Vector.scalarCount, count &- i), to: target)
          i &+= Vector.scalarCount
        }
        x &+= stripPixels
      }
    }
  }

  /// `count` pixels of all channels from pixel `first` on, row by row.
  @inline(__always)
  private static func gather(
    _ a: SampleArguments, _ first: Int, _ count: Int, _ strip: UnsafeMutablePointer<Float>
  ) {
    var (row, column) = first.quotientAndRemainder(dividingBy: a.row_pixels)
    var pixel = 0
    while pixel < count {
      let run = min(a.row_pixels &- column, count &- pixel)
      var offset = row &* a.row_stride &+ column &* a.step
      var i = 0
      while i < run {
        gatherVector(a, offset, min(Vector.scalarCount, run &- i), strip + (pixel &+ i))
        offset &+= Vector.scalarCount &* a.step
        i &+= Vector.scalarCount
      }
      pixel &+= run
      column = 0
      row &+= 1
    }
  }

  /// `count` pixels from `offset` of each plane on.
  @inline(__always)
  private static func gatherVector(
    _ a: SampleArguments, _ offset: Int, _ count: Int, _ dst: UnsafeMutablePointer<Float>
  ) {
    let end = offset &+ (a.channels &- 1) &* a.plane_stride &+ 2 &* Vector.scalarCount
    var (src, dst) = (a.src + offset, dst)
    guard a.step == 2, end <= a.readable else {
      for _ in 0..<a.channels {
        Panel.copy(src, a.step, dst, count)
        src += a.plane_stride
        dst += stripStride
      }
      return
    }
    for _ in 0..<a.channels {
      let pair = deinterleave(loadVector(src), loadVector(src + Vector.scalarCount))
      storeVector(pair.even, dst)
      kernel_prefetch(src + a.ahead)
      kernel_prefetch(src + (a.ahead &+ Vector.scalarCount))
      src += a.plane_stride
      dst += stripStride
    }
  }
}
