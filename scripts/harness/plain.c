// The measured calls of scripts/harness-check without conv-bench around them.
//
//   plain isas                          instruction sets with a peak here, one a line
//   plain sgemm M N K CALLS SAMPLES     seconds of one call, one sample of CALLS calls a line
//   plain peak avx512|avx2 WINDOWS      FLOP/s, one window of about 20 ms a line
#define _GNU_SOURCE
#include <cblas.h>
#include <immintrin.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC_RAW, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

// Memory as conv-bench's AlignedBuffer has it, or pages and cache lines would be compared.
static float *buffer(size_t count) {
  const size_t bytes = count * sizeof(float), huge_page = 2 << 20;
  const int is_large = bytes >= huge_page / 2;
  void *memory;
  if (posix_memalign(&memory, is_large ? huge_page : 64, bytes)) {
    fprintf(stderr, "plain: cannot allocate %zu bytes\n", bytes);
    exit(3);
  }
  if (is_large) madvise(memory, bytes, MADV_HUGEPAGE);
  memset(memory, 0, bytes);
  return memory;
}

// Nearly normal data, as conv-bench's: what the bits are decides over the power drawn.
static void fill(float *data, size_t count, float scale) {
  static unsigned long long state = 1;
  for (size_t i = 0; i < count; i++) {
    float sum = -6;
    for (int draw = 0; draw < 12; draw++) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      sum += (float)(state >> 40) / (1 << 24);
    }
    data[i] = scale * sum;
  }
}

static void time_sgemm(int m, int n, int k, int calls, int samples) {
  float *a = buffer((size_t)m * k), *b = buffer((size_t)k * n), *c = buffer((size_t)m * n);
  fill(a, (size_t)m * k, 1 / sqrtf(k));
  fill(b, (size_t)k * n, 1);
  openblas_set_num_threads(1);
  const double warm = now() + 0.1;
  // The first sample also warms up.
  for (int sample = -1; sample < samples;) {
    const double start = now();
    for (int call = 0; call < calls; call++)
      cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, c, n);
    const double end = now();
    if (sample >= 0) printf("%.12g\n", (end - start) / calls);
    if (sample >= 0 || end >= warm) sample++;
  }
  free(a), free(b), free(c);
}

#define TWELVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define TWENTY_FOUR(X)                                                                     \
  TWELVE(X) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)

// 0.5·x + 1 converges to 2: no overflow, no denormal numbers.
#define START(i) sum##i = SET(0.5f + i);
#define STEP(i) sum##i = FMA(sum##i, factor, addend);
#define TOTAL(i) total = ADD(total, sum##i);
#define PEAK(NAME, VECTOR, EACH, DECLARE)                                                  \
  static VECTOR NAME(long rounds, float half, float one) {                                 \
    const VECTOR factor = SET(half), addend = SET(one);                                    \
    VECTOR DECLARE, total = SET(0);                                                        \
    EACH(START)                                                                            \
    for (long round = 0; round < rounds; round++) {                                        \
      EACH(STEP)                                                                           \
    }                                                                                      \
    EACH(TOTAL)                                                                            \
    return total;                                                                          \
  }
#define SUMS_12                                                                            \
  sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7, sum8, sum9, sum10, sum11
#define SUMS_24                                                                            \
  SUMS_12, sum12, sum13, sum14, sum15, sum16, sum17, sum18, sum19, sum20, sum21, sum22, sum23

static volatile float half = 0.5f, one = 1, sink;

#ifdef __AVX512F__
#define SET _mm512_set1_ps
#define FMA _mm512_fmadd_ps
#define ADD _mm512_add_ps
PEAK(sums_avx512, __m512, TWENTY_FOUR, SUMS_24)
#undef SET
#undef FMA
#undef ADD
static double avx512(long rounds) {
  sink = _mm512_cvtss_f32(sums_avx512(rounds, half, one));
  return 2.0 * 24 * 16 * rounds;
}
#endif

#if defined(__AVX2__) && defined(__FMA__)
#define SET _mm256_set1_ps
#define FMA _mm256_fmadd_ps
#define ADD _mm256_add_ps
PEAK(sums_avx2, __m256, TWELVE, SUMS_12)
static double avx2(long rounds) {
  sink = _mm256_cvtss_f32(sums_avx2(rounds, half, one));
  return 2.0 * 12 * 8 * rounds;
}
#endif

// Runs so many rounds; returns the operations done.
typedef double (*Peak)(long rounds);
static const struct { const char *isa; Peak run; } peaks[] = {
#ifdef __AVX512F__
  {"avx512", avx512},
#endif
#if defined(__AVX2__) && defined(__FMA__)
  {"avx2", avx2},
#endif
  {0, 0},
};

static void time_peak(Peak run, int windows) {
  const double window = 0.02;
  long rounds = 1000;
  double seconds = 0;
  while (seconds < window / 4) {
    rounds *= 2;
    const double start = now();
    run(rounds);
    seconds = now() - start;
  }
  rounds *= window / seconds;
  for (int i = 0; i < windows; i++) {
    const double start = now();
    const double done = run(rounds);
    printf("%.12g\n", done / (now() - start));
  }
}

int main(int count, char **words) {
  if (count == 2 && !strcmp(words[1], "isas")) {
    for (int i = 0; peaks[i].isa; i++) puts(peaks[i].isa);
    return 0;
  }
  if (count == 7 && !strcmp(words[1], "sgemm")) {
    time_sgemm(
        atoi(words[2]), atoi(words[3]), atoi(words[4]), atoi(words[5]), atoi(words[6]));
    return 0;
  }
  if (count == 4 && !strcmp(words[1], "peak"))
    for (int i = 0; peaks[i].isa; i++)
      if (!strcmp(words[2], peaks[i].isa)) return time_peak(peaks[i].run, atoi(words[3])), 0;
  fputs("usage: plain isas | sgemm M N K CALLS SAMPLES | peak avx512|avx2 WINDOWS\n", stderr);
  return 2;
}
