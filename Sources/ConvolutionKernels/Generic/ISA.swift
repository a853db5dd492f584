import KernelInterface
import KernelIntrinsics

// 16 registers of 4 floats on the x86-64 baseline; a product needs a register of its own.

typealias Vector = SIMD4<Float>

/// `a·b + c`, rounded twice: the baseline has no fused multiply-add.
@inline(__always)
func multiplyAdd(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector { a * b + c }

/// The even and the odd elements of `a` followed by `b`.
@inline(__always)
func deinterleave(_ a: Vector, _ b: Vector) -> (even: Vector, odd: Vector) {
  let both = SIMD8<Float>(lowHalf: a, highHalf: b)
  return (both.evenHalf, both.oddHalf)
}

/// Lane i: the sum of elements 2i and 2i + 1 of `a` followed by `b`.
@inline(__always)
func addPairs(_ a: Vector, _ b: Vector) -> Vector {
  let (even, odd) = deinterleave(a, b)
  return even + odd
}

/// A vector of pairs of lanes.
typealias VectorOfPairs = SIMD2<Double>

/// As many vectors as fit in a lanes × lanes square.
typealias SquareOfVectors = InlineArray<4, Vector>

/// Independent sums that hide the latency of multiply-add in the peak kernel.
typealias PeakSums = InlineArray<10, Vector>

/// `value` where the lane's bit is set, else zero.
@inline(__always)
func kept(_ value: Vector, _ bits: UInt32) -> Vector {
  let lanes = SIMD4<UInt32>(repeating: bits) & SIMD4(1, 2, 4, 8)
  return value.replacing(with: Vector(repeating: 0), where: lanes .== SIMD4(repeating: 0))
}

/// Writes `value` past the caches.
@inline(__always)
func streamVector(_ value: Vector, _ address: UnsafeMutablePointer<Float>) {
  kernel_stream4(address, value)
}
