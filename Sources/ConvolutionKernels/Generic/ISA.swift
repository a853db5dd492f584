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

/// `value`, shuffles of which are not merged with what made it.
@inline(__always)
func settled(_ value: Vector) -> Vector { kernel_settled4(value) }

/// Pairs of elements of each four: the even and the odd ones of `a`, then those of `b`.
@inline(__always)
func deinterleaveFours(_ a: Vector, _ b: Vector) -> (even: Vector, odd: Vector) {
  (kernel_even_pairs4(a, b), kernel_odd_pairs4(a, b))
}

/// The inverse: elements of `a` and `b` in turn, the first and the last two of each four.
@inline(__always)
func interleaveFours(_ a: Vector, _ b: Vector) -> (low: Vector, high: Vector) {
  (kernel_low_in_turn4(a, b), kernel_high_in_turn4(a, b))
}

/// The first two elements of each four of `a` and those of `b`, and the last two.
@inline(__always)
func pairFours(_ a: Vector, _ b: Vector) -> (low: Vector, high: Vector) {
  (kernel_low_pairs4(a, b), kernel_high_pairs4(a, b))
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
