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
