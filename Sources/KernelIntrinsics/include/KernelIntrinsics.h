// Operations on whole vectors that Swift's SIMD types spell lane by lane.
//
// `SIMD8.addingProduct` becomes eight scalar multiply-adds, which LLVM usually, but not always in the
// order that was written, packs into vectors again: a 6×2 tile of AVX2 spilled and ran at half its
// speed. These are one instruction each. Always inlined into the kernel that uses them, so that no
// vector is ever passed in a call.
#pragma once

typedef float Float4 __attribute__((ext_vector_type(4)));
typedef float Float8 __attribute__((ext_vector_type(8)));
typedef float Float16 __attribute__((ext_vector_type(16)));

typedef int Int8 __attribute__((ext_vector_type(8)));
typedef int Int16 __attribute__((ext_vector_type(16)));

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

// `value` where the lane's bit is set, else zero, of NaN and infinity too.
KERNEL_INLINE Float8 kernel_keep8(Float8 value, unsigned bits) {
  const Int8 lanes = {1, 2, 4, 8, 16, 32, 64, 128};
  return (Float8)((Int8)value & (((Int8)(int)bits & lanes) != 0));
}

// `value` where the lane's bit is set, else zero, of NaN and infinity too.
KERNEL_INLINE Float16 kernel_keep16(Float16 value, unsigned bits) {
  const Int16 lanes = {1,      1 << 1, 1 << 2,  1 << 3,  1 << 4,  1 << 5,  1 << 6,  1 << 7,
                       1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15};
  return (Float16)((Int16)value & (((Int16)(int)bits & lanes) != 0));
}

// Lane i: the sum of elements 2i and 2i + 1 of `a` followed by `b`.
KERNEL_INLINE Float16 kernel_add_pairs16(Float16 a, Float16 b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
         __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

// `value`, of which the optimiser knows nothing: what is done before and after stays as it is written. Left alone,
// LLVM merges shuffles with each other and with additions into others across the vector, which took three times as
// many instructions and more registers than there are.
KERNEL_INLINE Float4 kernel_settled4(Float4 value) {
#if defined(__aarch64__)
  __asm__("" : "+w"(value));
#elif defined(__x86_64__)
  __asm__("" : "+x"(value));
#endif
  return value;
}

KERNEL_INLINE Float8 kernel_settled8(Float8 value) {
#if defined(__AVX__)
  __asm__("" : "+x"(value));
#endif
  return value;
}

KERNEL_INLINE Float16 kernel_settled16(Float16 value) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(value));
#endif
  return value;
}

// Shuffles within groups of four elements, one instruction each whatever the width.

// The first two elements of each four of `a` and `b`, in turn.
KERNEL_INLINE Float4 kernel_low_in_turn4(Float4 a, Float4 b) {
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
}

KERNEL_INLINE Float8 kernel_low_in_turn8(Float8 a, Float8 b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
}

KERNEL_INLINE Float16 kernel_low_in_turn16(Float16 a, Float16 b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
}

// The last two elements of each four of `a` and `b`, in turn.
KERNEL_INLINE Float4 kernel_high_in_turn4(Float4 a, Float4 b) {
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
}

KERNEL_INLINE Float8 kernel_high_in_turn8(Float8 a, Float8 b) {
  return __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
}

KERNEL_INLINE Float16 kernel_high_in_turn16(Float16 a, Float16 b) {
  return __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
}

// The first two elements of each four of `a`, then those of `b`.
KERNEL_INLINE Float4 kernel_low_pairs4(Float4 a, Float4 b) {
  return __builtin_shufflevector(a, b, 0, 1, 4, 5);
}

KERNEL_INLINE Float8 kernel_low_pairs8(Float8 a, Float8 b) {
  return __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
}

KERNEL_INLINE Float16 kernel_low_pairs16(Float16 a, Float16 b) {
  return __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
}

// The last two elements of each four of `a`, then those of `b`.
KERNEL_INLINE Float4 kernel_high_pairs4(Float4 a, Float4 b) {
  return __builtin_shufflevector(a, b, 2, 3, 6, 7);
}

KERNEL_INLINE Float8 kernel_high_pairs8(Float8 a, Float8 b) {
  return __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
}

KERNEL_INLINE Float16 kernel_high_pairs16(Float16 a, Float16 b) {
  return __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}

// The even elements of each four of `a`, then those of `b`.
KERNEL_INLINE Float4 kernel_even_pairs4(Float4 a, Float4 b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6);
}

KERNEL_INLINE Float8 kernel_even_pairs8(Float8 a, Float8 b) {
  return __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14);
}

KERNEL_INLINE Float16 kernel_even_pairs16(Float16 a, Float16 b) {
  return __builtin_shufflevector(a, b, 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30);
}

// The odd elements of each four of `a`, then those of `b`.
KERNEL_INLINE Float4 kernel_odd_pairs4(Float4 a, Float4 b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7);
}

KERNEL_INLINE Float8 kernel_odd_pairs8(Float8 a, Float8 b) {
  return __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
}

KERNEL_INLINE Float16 kernel_odd_pairs16(Float16 a, Float16 b) {
  return __builtin_shufflevector(a, b, 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31);
}

// `value` to `address`, a multiple of the vector's size, past the caches: `kernel_end_streaming` puts it in
// order.
KERNEL_INLINE void kernel_stream4(float *address, Float4 value) {
  __builtin_nontemporal_store(value, (Float4 *)address);
}

KERNEL_INLINE void kernel_stream8(float *address, Float8 value) {
  __builtin_nontemporal_store(value, (Float8 *)address);
}

KERNEL_INLINE void kernel_stream16(float *address, Float16 value) {
  __builtin_nontemporal_store(value, (Float16 *)address);
}

#pragma clang diagnostic pop
