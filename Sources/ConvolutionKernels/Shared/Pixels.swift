import KernelInterface

/// Rectangles of pixels of one block of channels.
enum Pixels {
  /// `dst = max(src + bias, floor)`, the floor being 0 with ReLU; 0 beyond the channels that there are.
  static func copy(_ pointer: UnsafePointer<PixelArguments>) {
    if pointer.pointee.streams != 0 {
      copy(pointer.pointee) { streamVector($0, $1) }
    } else {
      copy(pointer.pointee) { storeVector($0, $1) }
    }
  }

  @inline(__always)
  private static func copy(
    _ a: PixelArguments, _ store: (Vector, UnsafeMutablePointer<Float>) -> Void
  ) {
    let bias = a.bias.map { loadVector($0) } ?? Vector(repeating: 0)
    let floor = Vector(repeating: a.relu == 0 ? -Float.infinity : 0)
    let channels = UInt32.max >> UInt32(UInt32.bitWidth &- a.channels)
    for row in 0..<a.rows {
      let src = a.src + row &* a.src_stride
      let dst = a.dst + row &* a.dst_stride
      for x in 0..<a.columns {
        let value = kept(loadVector(src + x &* Vector.scalarCount) + bias, channels)
        store(
          value.replacing(with: floor, where: value .< floor), dst + x &* Vector.scalarCount)
      }
    }
  }
}
