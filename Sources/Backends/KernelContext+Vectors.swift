import KernelInterface

extension KernelContext {
  /// Vectors that hold `count` values; the last one may be partly empty.
  func vectors(_ count: Int) -> Int { (count + lanes - 1) / lanes }

  /// `count` rounded up to whole vectors.
  func wholeVectors(_ count: Int) -> Int { vectors(count) * lanes }

  /// Whether a vector at the address is aligned.
  func isAligned(_ address: UnsafePointer<Float>) -> Bool {
    Int(bitPattern: address).isMultiple(of: lanes * MemoryLayout<Float>.size)
  }
}
