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
// Kernel targets with the flags that the manifest gives the Swift compiler for them: `target flags;…`.
const char *platform_swift_flags(void);
// Tells the core that this is a spinning wait.
void platform_spin_pause(void);
// Whether this process may run on the CPU with this number.
bool platform_affinity_contains(int cpu);
// An empty file in memory that has no name, so that nothing of it can be left behind, whenever the process ends; -1 if
// there can be none.
int platform_nameless_file(void);
// Moves the calling thread to one CPU; false, and nothing moved, if that is not allowed. The affinity
// from before its first move is kept and put back by platform_restore_affinity.
bool platform_run_on_cpu(int cpu);
void platform_restore_affinity(void);
// From now on, SIGINT, SIGTERM and SIGHUP write their number as a byte to a pipe instead of ending the
// process, and SIGPIPE and SIGXFSZ do nothing: what is written then fails. A SIGHUP that is ignored (nohup) stays so. Returns the pipe's reading end, or -1.
int platform_signal_pipe(void);
