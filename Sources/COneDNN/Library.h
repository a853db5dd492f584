// oneDNN as found at run time: its functions, typed by its headers, and how it is held to threads.
#pragma once
#if __has_include(<oneapi/dnnl/dnnl.h>)
#define ONEDNN_HEADERS 1
#include <oneapi/dnnl/dnnl.h>

// Every function that is called, one row each; versions differ in the last rows.
#define ONEDNN_FUNCTIONS(ROW)                                                       \
  ROW(dnnl_version)                                                                 \
  ROW(dnnl_get_effective_cpu_isa)                                                   \
  ROW(dnnl_set_max_cpu_isa)                                                         \
  ROW(dnnl_engine_create)                                                           \
  ROW(dnnl_stream_create)                                                           \
  ROW(dnnl_stream_wait)                                                             \
  ROW(dnnl_stream_destroy)                                                          \
  ROW(dnnl_memory_desc_equal)                                                       \
  ROW(dnnl_memory_desc_get_size)                                                    \
  ROW(dnnl_memory_create)                                                           \
  ROW(dnnl_memory_set_data_handle)                                                  \
  ROW(dnnl_memory_destroy)                                                          \
  ROW(dnnl_primitive_attr_create)                                                   \
  ROW(dnnl_primitive_attr_set_scratchpad_mode)                                      \
  ROW(dnnl_primitive_attr_set_post_ops)                                             \
  ROW(dnnl_primitive_attr_destroy)                                                  \
  ROW(dnnl_post_ops_create)                                                         \
  ROW(dnnl_post_ops_append_eltwise)                                                 \
  ROW(dnnl_post_ops_destroy)                                                        \
  ROW(dnnl_primitive_desc_query)                                                    \
  ROW(dnnl_primitive_desc_query_md)                                                 \
  ROW(dnnl_primitive_desc_destroy)                                                  \
  ROW(dnnl_reorder_primitive_desc_create)                                           \
  ROW(dnnl_primitive_create)                                                        \
  ROW(dnnl_primitive_execute)                                                       \
  ROW(dnnl_primitive_destroy)                                                       \
  ONEDNN_FUNCTIONS_OF_VERSION(ROW)

#if DNNL_VERSION_MAJOR >= 3
#define ONEDNN_FUNCTIONS_OF_VERSION(ROW)                                            \
  ROW(dnnl_memory_desc_create_with_tag)                                             \
  ROW(dnnl_memory_desc_destroy)                                                     \
  ROW(dnnl_convolution_forward_primitive_desc_create)
#else
#define ONEDNN_FUNCTIONS_OF_VERSION(ROW)                                            \
  ROW(dnnl_memory_desc_init_by_tag)                                                 \
  ROW(dnnl_dilated_convolution_forward_desc_init)                                   \
  ROW(dnnl_primitive_desc_create)
#endif

typedef struct {
#define ONEDNN_MEMBER(function) __typeof__(&function) function;
  ONEDNN_FUNCTIONS(ONEDNN_MEMBER)
#undef ONEDNN_MEMBER
  // Of the OpenMP run-time that oneDNN itself uses; NULL if it has none.
  void (*omp_set_num_threads)(int);
  void (*omp_set_dynamic)(int);
  int (*omp_get_thread_limit)(void);
  dnnl_engine_t engine;
} onednn_library;

// Filled by the first onednn_obstacle that returns NULL.
extern onednn_library onednn;

// Holds what the calling thread runs next to `threads` threads.
void onednn_use_threads(int threads);
#endif
