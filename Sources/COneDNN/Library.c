#include "Library.h"

#ifdef ONEDNN_HEADERS
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "COneDNN.h"

onednn_library onednn;

static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static char problem[512];
static char version[32];
static bool spinning_is_bounded_by_user;

// OpenMP's idle threads spin before they sleep, libgomp's for 8 ms by default: into the time of
// whatever is measured next. They read how long once, when their library is loaded, so it is said
// before main, while there is one thread and no OpenMP yet. 1000 turns last 0.1 ms, which costs
// oneDNN nothing (a 0.46 ms convolution took as long as with endless spinning) and is over before a
// neighbour's untimed call is. What the user set is left alone.
__attribute__((constructor)) static void bound_spinning(void) {
  spinning_is_bounded_by_user = getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT");
  if (spinning_is_bounded_by_user) return;
  setenv("GOMP_SPINCOUNT", "1000", 0);
  setenv("KMP_BLOCKTIME", "0", 0);
}

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
static const char library_name[] = "libdnnl.so." TEXT(DNNL_VERSION_MAJOR);

static bool is_loaded(const char *name) {
  void *handle = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
  if (handle) dlclose(handle);
  return handle != NULL;
}

// Why the functions cannot be had; NULL when `onednn` is filled.
static const char *missing_function(void *handle) {
#define FIND(function)                          \
  onednn.function = dlsym(handle, #function);   \
  if (!onednn.function) return #function;
  ONEDNN_FUNCTIONS(FIND)
#undef FIND
  // dlsym also looks into what the library itself depends on, hence into its own OpenMP.
  onednn.omp_set_num_threads = dlsym(handle, "omp_set_num_threads");
  onednn.omp_set_dynamic = dlsym(handle, "omp_set_dynamic");
  onednn.omp_get_thread_limit = dlsym(handle, "omp_get_thread_limit");
  return NULL;
}

static void load(void) {
  if (!spinning_is_bounded_by_user && is_loaded("libgomp.so.1")) {
    snprintf(problem, sizeof problem,
             "OpenMP was loaded before its idle threads could be kept from spinning into other "
             "backends' times: set OMP_WAIT_POLICY=passive");
    return;
  }
  void *handle = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    snprintf(problem, sizeof problem,
             "oneDNN is not installed: %s; run scripts/setup --with-peers, then build again",
             dlerror());
    return;
  }
  const char *missing = missing_function(handle);
  if (missing) {
    snprintf(problem, sizeof problem, "%s has no %s: install a newer oneDNN %d", library_name,
             missing, DNNL_VERSION_MAJOR);
    return;
  }
  const dnnl_version_t *found = onednn.dnnl_version();
  snprintf(version, sizeof version, "%d.%d.%d", found->major, found->minor, found->patch);
  const unsigned runtime = found->cpu_runtime;
  const bool is_openmp =
      runtime == DNNL_RUNTIME_OMP && onednn.omp_set_num_threads && onednn.omp_set_dynamic;
  if (!is_openmp && runtime != DNNL_RUNTIME_SEQ) {
    snprintf(problem, sizeof problem,
             "oneDNN %s cannot be held to a number of threads: install a build that uses OpenMP, "
             "such as Debian's libdnnl-dev",
             version);
  } else if (onednn.dnnl_engine_create(&onednn.engine, dnnl_cpu, 0) != dnnl_success) {
    snprintf(problem, sizeof problem, "oneDNN %s has no engine for this CPU", version);
  }
}

const char *onednn_obstacle(void) {
  pthread_once(&loaded, load);
  return problem[0] ? problem : NULL;
}

const char *onednn_version(void) { return onednn_obstacle() ? "" : version; }

int onednn_thread_limit(void) {
  if (onednn.dnnl_version()->cpu_runtime == DNNL_RUNTIME_SEQ) return 1;
  return onednn.omp_get_thread_limit ? onednn.omp_get_thread_limit() : INT_MAX;
}

void onednn_use_threads(int threads) {
  if (!onednn.omp_set_num_threads) return;
  onednn.omp_set_dynamic(0);
  onednn.omp_set_num_threads(threads);
}

// MARK: Instruction set

static onednn_isa fix_isa(onednn_isa wanted) {
#if defined(__x86_64__)
  // For the best, oneDNN's own default stands, so that ONEDNN_MAX_CPU_ISA keeps its say.
  if (wanted == onednn_isa_avx2) onednn.dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
  if (wanted == onednn_isa_generic) onednn.dnnl_set_max_cpu_isa(dnnl_cpu_isa_sse41);
  const int set = onednn.dnnl_get_effective_cpu_isa();
  if ((set & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core) return onednn_isa_avx512;
  if ((set & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2) return onednn_isa_avx2;
#endif
  return onednn_isa_generic;
}

onednn_isa onednn_fix_isa(onednn_isa wanted) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static bool is_fixed;
  static onednn_isa in_force;
  pthread_mutex_lock(&mutex);
  if (!is_fixed) in_force = fix_isa(wanted);
  is_fixed = true;
  const onednn_isa result = in_force;
  pthread_mutex_unlock(&mutex);
  return result;
}
#endif
