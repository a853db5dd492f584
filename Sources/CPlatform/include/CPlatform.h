// The few things that Swift cannot ask the platform itself.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Whether the CPU and the operating system run x86-64-v4 (AVX-512 F, BW, CD, DQ, VL) code.
bool platform_has_avx512(void);
// Whether they run x86-64-v3 (AVX2, FMA) code.
bool platform_has_avx2(void);
// CPUs that this process may run on, by its affinity mask; 0 if that cannot be read.
int platform_affinity_count(void);
// Tells the core that this is a spinning wait.
void platform_spin_pause(void);
