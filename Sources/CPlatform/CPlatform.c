#define _GNU_SOURCE
#include "CPlatform.h"
#include <sched.h>

#if defined(__x86_64__)
#include <immintrin.h>
bool platform_has_avx512(void) { return __builtin_cpu_supports("x86-64-v4"); }
bool platform_has_avx2(void) { return __builtin_cpu_supports("x86-64-v3"); }
void platform_spin_pause(void) { _mm_pause(); }
#else
bool platform_has_avx512(void) { return false; }
bool platform_has_avx2(void) { return false; }
void platform_spin_pause(void) {}
#endif

int platform_affinity_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  return CPU_COUNT(&set);
}
