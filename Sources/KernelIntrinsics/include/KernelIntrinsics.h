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

// Shuffles within groups of four elements, one instruction each whatever the width: element 0 to 3 of each four of
// `a`, 4 to 7 of `b`.
#define KERNEL_OF_FOUR(width, group, i) ((i) < 4 ? 4 * (group) + (i) : (width) + 4 * (group) + (i) - 4)
#define KERNEL_FOUR(width, group, i, j, k, l)                                 \
  KERNEL_OF_FOUR(width, group, i), KERNEL_OF_FOUR(width, group, j),           \
      KERNEL_OF_FOUR(width, group, k), KERNEL_OF_FOUR(width, group, l)
#define KERNEL_SHUFFLE_FOURS(name, i, j, k, l)                                \
  KERNEL_INLINE Float4 name##4(Float4 a, Float4 b) {                          \
    return __builtin_shufflevector(a, b, KERNEL_FOUR(4, 0, i, j, k, l));      \
  }                                                                           \
  KERNEL_INLINE Float8 name##8(Float8 a, Float8 b) {                          \
    return __builtin_shufflevector(a, b, KERNEL_FOUR(8, 0, i, j, k, l),       \
                                   KERNEL_FOUR(8, 1, i, j, k, l));            \
  }                                                                           \
  KERNEL_INLINE Float16 name##16(Float16 a, Float16 b) {                      \
    return __builtin_shufflevector(                                           \
        a, b, KERNEL_FOUR(16, 0, i, j, k, l), KERNEL_FOUR(16, 1, i, j, k, l), \
        KERNEL_FOUR(16, 2, i, j, k, l), KERNEL_FOUR(16, 3, i, j, k, l));      \
  }

KERNEL_SHUFFLE_FOURS(kernel_low_in_turn, 0, 4, 1, 5)
KERNEL_SHUFFLE_FOURS(kernel_high_in_turn, 2, 6, 3, 7)
KERNEL_SHUFFLE_FOURS(kernel_low_pairs, 0, 1, 4, 5)
KERNEL_SHUFFLE_FOURS(kernel_high_pairs, 2, 3, 6, 7)
KERNEL_SHUFFLE_FOURS(kernel_even_pairs, 0, 2, 4, 6)
KERNEL_SHUFFLE_FOURS(kernel_odd_pairs, 1, 3, 5, 7)

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
