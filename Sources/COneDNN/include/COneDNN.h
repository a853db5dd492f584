// oneDNN's convolution behind a small interface of ours, the same for oneDNN 2 and 3.
//
// Headers are needed to build it, the library only to run it: it is opened when first asked for, so
// a binary also starts where there is none. Without headers every function below still exists and
// onednn_obstacle says what to install.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Why oneDNN cannot be used in this process, and the cure; NULL if it can.
const char *onednn_obstacle(void);
// `2.6.3`; empty if oneDNN cannot be used.
const char *onednn_version(void);

// oneDNN's instruction set is fixed for the whole process by the first call, which asks for `wanted`;
// later ones change nothing. Returns the set in force.
typedef enum { onednn_isa_generic, onednn_isa_avx2, onednn_isa_avx512 } onednn_isa;
onednn_isa onednn_fix_isa(onednn_isa wanted);

// The most threads that this build of oneDNN, and the environment, can be held to.
int onednn_thread_limit(void);

typedef enum { onednn_auto, onednn_direct, onednn_winograd } onednn_algorithm;

// How activations lie: blocks of so many channels, or one of these.
enum {
  onednn_layout_nchw = 0,
  onednn_layout_nhwc = -1,
  onednn_layout_any = -2,   // in a request: oneDNN's choice
  onednn_layout_other = -3  // in a choice: none of these
};

typedef struct {
  int64_t mb, g, ic, ih, iw, oc, oh, ow, kh, kw, sh, sw, ph, pw, phr, pwr, dh, dw;
  bool bias, relu;
  int threads;
  onednn_algorithm algorithm;
  // How the implementation wants the tensors.
  int src_layout, dst_layout;
  // Whether they are plain nevertheless: onednn_execute then also reorders them, where they differ.
  bool reorders;
} onednn_request;

// oneDNN's choice of an implementation for a request.
typedef struct onednn_convolution onednn_convolution;

typedef enum {
  onednn_ok,
  onednn_unimplemented,  // oneDNN has no such convolution
  onednn_out_of_memory,
  onednn_failed
} onednn_status;

// Chooses without compiling anything. `*convolution` is to be released with onednn_release.
onednn_status onednn_choose(const onednn_request *request, onednn_convolution **convolution);
// The name that oneDNN gives the implementation, such as `jit:avx512_core`.
const char *onednn_implementation(const onednn_convolution *convolution);
// The layouts of the chosen implementation: channels of a block, onednn_layout_nchw, _nhwc or _other.
int onednn_src_layout(const onednn_convolution *convolution);
int onednn_dst_layout(const onednn_convolution *convolution);
// Memory that the caller provides, aligned to 64 bytes.
typedef struct {
  float *weights;   // packed
  float *bias;      // `oc` floats; ignored unless the request has a bias
  float *scratch;
  float *src, *dst; // tensors as the implementation wants them; ignored unless they are reordered
} onednn_memory;
// Bytes of each, 0 where there is none.
typedef struct {
  size_t weights, scratch, src, dst;
} onednn_sizes;
onednn_sizes onednn_memory_sizes(const onednn_convolution *convolution);

// Compiles the chosen implementation to work in the caller's memory.
onednn_status onednn_compile(onednn_convolution *convolution, const onednn_memory *memory);
// Packs plain weights (`g × oc/g × ic/g × kh × kw`) into the memory given before.
onednn_status onednn_pack(onednn_convolution *convolution, const float *wei);
// Runs once, on exactly the request's threads.
onednn_status onednn_execute(onednn_convolution *convolution, const float *src, float *dst);
void onednn_release(onednn_convolution *convolution);
