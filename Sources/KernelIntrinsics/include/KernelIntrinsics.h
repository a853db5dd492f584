// Operations on whole vectors that Swift's SIMD types spell lane by lane.
//
// `SIMD8.addingProduct` becomes eight scalar multiply-adds, which LLVM usually, but not always in the
// order that was written, packs into vectors again: a 6×2 tile of AVX2 spilled and ran at half its
// speed. These are one instruction each. Always inlined into the kernel that uses them, so that no
// vector is ever passed in a call.
#pragma once

typedef float Float8 __attribute__((ext_vector_type(8)));
typedef float Float16 __attribute__((ext_vector_type(16)));

#define KERNEL_INLINE static inline __attribute__((always_inline))

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

// a·b + c, rounded once.
KERNEL_INLINE Float8 kernel_multiply_add8(Float8 a, Float8 b, Float8 c) {
  return __builtin_elementwise_fma(a, b, c);
}

// a·b + c, rounded once.
KERNEL_INLINE Float16 kernel_multiply_add16(Float16 a, Float16 b, Float16 c) {
  return __builtin_elementwise_fma(a, b, c);
}

#pragma clang diagnostic pop
