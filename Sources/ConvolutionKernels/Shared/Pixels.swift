import KernelInterface

/// Rectangles of pixels of one block of channels.
enum Pixels {
  /// `dst = max(src + bias, floor)`, the floor being 0 with ReLU; 0 beyond the channels that there are.
  static func copy(_ pointer: UnsafePointer<PixelArguments>) {
    let a = pointer.pointee
    let bias = a.bias.map { loadVector($0) } ?? Vector(repeating: 0)
    let floor = Vector(repeating: a.relu == 0 ? -Float.infinity : 0)
    let channels = UInt32.max >> UInt32(UInt32.bitWidth &- a.channels)
    for row in 0..<a.rows {
      let src = a.src + row &* a.src_stride
      let dst = a.dst + row &* a.dst_stride
      for x in 0..<a.columns {
        let value = kept(loadVector(src + x &* Vector.scalarCount) + bias, channels)
        storeVector(
          value.replacing(with: floor, where: value .< floor), dst + x &* Vector.scalarCount)
      }
    }
  }
}
