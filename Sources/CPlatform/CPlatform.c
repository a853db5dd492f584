#define _GNU_SOURCE
#include "CPlatform.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

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

bool platform_affinity_contains(int cpu) {
  cpu_set_t set;
  if (cpu < 0 || cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof set, &set) != 0) return false;
  return CPU_ISSET(cpu, &set);
}

static _Thread_local cpu_set_t saved_affinity;
static _Thread_local bool affinity_is_saved;

bool platform_run_on_cpu(int cpu) {
  if (cpu < 0 || cpu >= CPU_SETSIZE) return false;
  if (!affinity_is_saved) {
    if (sched_getaffinity(0, sizeof saved_affinity, &saved_affinity) != 0) return false;
    affinity_is_saved = true;
  }
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

void platform_restore_affinity(void) {
  if (affinity_is_saved) sched_setaffinity(0, sizeof saved_affinity, &saved_affinity);
  affinity_is_saved = false;
}

// What ends a command: Ctrl-C, kill, and a terminal that is closed.
static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

static int signal_pipe_end = -1;

static void write_signal(int signal) {
  int saved = errno;
  unsigned char number = (unsigned char)signal;
  // A full pipe means that many signals wait to be read: one more changes nothing.
  ssize_t ignored = write(signal_pipe_end, &number, 1);
  (void)ignored;
  errno = saved;
}

int platform_signal_pipe(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  signal_pipe_end = ends[1];
  struct sigaction action = {.sa_handler = write_signal, .sa_flags = SA_RESTART};
  sigset_t handled;
  sigemptyset(&handled);
  for (size_t i = 0; i < sizeof ending_signals / sizeof *ending_signals; i++) {
    int number = ending_signals[i];
    struct sigaction inherited;
    // nohup ignores SIGHUP for its child, which is to outlive the terminal.
    if (number == SIGHUP && sigaction(number, NULL, &inherited) == 0 && inherited.sa_handler == SIG_IGN)
      continue;
    sigaction(number, &action, NULL);
    sigaddset(&handled, number);
  }
  // A parent may have started this process with them blocked, as Dispatch's worker threads have.
  pthread_sigmask(SIG_UNBLOCK, &handled, NULL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  return ends[0];
}

int platform_nameless_file(void) { return memfd_create("conv-bench", MFD_CLOEXEC); }

const char *platform_swift_flags(void) { return SWIFT_FLAGS; }
