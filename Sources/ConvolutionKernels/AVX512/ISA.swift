import KernelInterface
import KernelIntrinsics

// 32 registers of 16 floats: tiles keep at most 28 sums, which leaves the weight vectors their own.

typealias Vector = SIMD16<Float>

/// `a·b + c`, rounded once.
@inline(__always)
func multiplyAdd(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector { kernel_multiply_add16(a, b, c) }

/// The even and the odd elements of `a` followed by `b`.
@inline(__always)
func deinterleave(_ a: Vector, _ b: Vector) -> (even: Vector, odd: Vector) {
  let both = SIMD32<Float>(lowHalf: a, highHalf: b)
  return (both.evenHalf, both.oddHalf)
}

/// `value`, shuffles of which are not merged with what made it.
@inline(__always)
func settled(_ value: Vector) -> Vector { kernel_settled16(value) }

/// Pairs of elements of each four: the even and the odd ones of `a`, then those of `b`.
@inline(__always)
func deinterleaveFours(_ a: Vector, _ b: Vector) -> (even: Vector, odd: Vector) {
  (kernel_even_pairs16(a, b), kernel_odd_pairs16(a, b))
}

/// The inverse: elements of `a` and `b` in turn, the first and the last two of each four.
@inline(__always)
func interleaveFours(_ a: Vector, _ b: Vector) -> (low: Vector, high: Vector) {
  (kernel_low_in_turn16(a, b), kernel_high_in_turn16(a, b))
}

/// The first two elements of each four of `a` and those of `b`, and the last two.
@inline(__always)
func pairFours(_ a: Vector, _ b: Vector) -> (low: Vector, high: Vector) {
  (kernel_low_pairs16(a, b), kernel_high_pairs16(a, b))
}

/// Lane i: the sum of elements 2i and 2i + 1 of `a` followed by `b`. By `deinterleave`, tiles from 10 pixels on
/// lost their registers.
@inline(__always)
func addPairs(_ a: Vector, _ b: Vector) -> Vector { kernel_add_pairs16(a, b) }

/// A vector of pairs of lanes.
typealias VectorOfPairs = SIMD8<Double>

/// As many vectors as fit in a lanes × lanes square.
typealias SquareOfVectors = InlineArray<16, Vector>

/// Independent sums that hide the latency of multiply-add in the peak kernel.
typealias PeakSums = InlineArray<24, Vector>

/// `value` where the lane's bit is set, else zero.
@inline(__always)
func kept(_ value: Vector, _ bits: UInt32) -> Vector { kernel_keep16(value, bits) }

/// Writes `value` past the caches.
@inline(__always)
func streamVector(_ value: Vector, _ address: UnsafeMutablePointer<Float>) {
  kernel_stream16(address, value)
}
