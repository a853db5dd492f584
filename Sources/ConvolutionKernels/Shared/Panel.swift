import KernelInterface

/// Rows of an im2col panel, copied straight from the image.
enum Panel {
  /// For each channel: zeros, then every segment's run of source pixels on top.
  static func pack(_ pointer: UnsafePointer<PanelArguments>) {
    let a = pointer.pointee
    if a.step == 1 && a.segment_count == 1 && Int(a.segments[2]) == a.width {
      return copyWholeRows(a)
    }
    var src = a.src
    var dst = a.dst
    for _ in 0..<a.channels {
      var i = 0
      while i < a.width {
        storeVector(Vector(repeating: 0), dst + i)
        i &+= Vector.scalarCount
      }
      for s in 0..<a.segment_count {
        let target = dst + Int(a.segments[3 &* s])
        let source = src + Int(a.segments[3 &* s &+ 1])
        let count = Int(a.segments[3 &* s &+ 2])
        if a.step == 1 {
          copy(source, target, count)
        } else {
          for x in 0..<count { target[x] = source[x &* a.step] }
        }
      }
      src += a.channel_stride
      dst += a.dst_stride
    }
  }

  /// Rows that one run of pixels fills: nothing to clear.
  private static func copyWholeRows(_ a: PanelArguments) {
    var src = a.src + Int(a.segments[1])
    var dst = a.dst
    for _ in 0..<a.channels {
      var x = 0
      while x < a.width {
        storeVector(loadVector(src + x), dst + x)
        x &+= Vector.scalarCount
      }
      src += a.channel_stride
      dst += a.dst_stride
    }
  }

  @inline(__always)
  private static func copy(
    _ src: UnsafePointer<Float>, _ dst: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    var x = 0
    while x &+ Vector.scalarCount <= count {
      storeVector(loadVector(src + x), dst + x)
      x &+= Vector.scalarCount
    }
    while x &+ 4 <= count {
      UnsafeMutableRawPointer(dst + x).storeBytes(
        of: UnsafeRawPointer(src + x).loadUnaligned(as: SIMD4<Float>.self), as: SIMD4<Float>.self)
      x &+= 4
    }
    while x < count {
      dst[x] = src[x]
      x &+= 1
    }
  }
}
