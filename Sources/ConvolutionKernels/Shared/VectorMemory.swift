/// The vector at `address`, of any alignment.
@inline(__always)
func loadVector(_ address: UnsafePointer<Float>) -> Vector {
  UnsafeRawPointer(address).loadUnaligned(as: Vector.self)
}

/// The vector at `address`, of any alignment.
@inline(__always)
func loadVector(_ address: UnsafeMutablePointer<Float>) -> Vector {
  UnsafeRawPointer(address).loadUnaligned(as: Vector.self)
}

/// The two values at `address`, of any alignment, over and over.
@inline(__always)
func repeatedPair(_ address: UnsafePointer<Float>) -> Vector {
  let pair = UnsafeRawPointer(address).loadUnaligned(as: Double.self)
  return unsafeBitCast(VectorOfPairs(repeating: pair), to: Vector.self)
}

/// Writes `value` to `address`, of any alignment.
@inline(__always)
func storeVector(_ value: Vector, _ address: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(address).storeBytes(of: value, as: Vector.self)
}

/// `max(value, 0)` lane by lane; NaN stays NaN.
@inline(__always)
func rectified(_ value: Vector) -> Vector {
  value.replacing(with: Vector(repeating: 0), where: value .< Vector(repeating: 0))
}
