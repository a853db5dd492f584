// What the interface answers in a build without oneDNN's headers.
#include "Library.h"

#ifndef ONEDNN_HEADERS
#include "COneDNN.h"

const char *onednn_obstacle(void) {
  return "oneDNN was not installed when this was built: run scripts/setup --with-peers, then build again";
}
const char *onednn_version(void) { return ""; }
onednn_isa onednn_fix_isa(onednn_isa wanted) { return wanted; }
int onednn_thread_limit(void) { return 0; }
onednn_status onednn_choose(const onednn_request *request, onednn_convolution **convolution) {
  *convolution = NULL;
  return onednn_unimplemented;
}

// Nothing can be chosen, so nothing below is ever called.
const char *onednn_implementation(const onednn_convolution *convolution) { return ""; }
int onednn_src_layout(const onednn_convolution *convolution) { return onednn_layout_other; }
int onednn_dst_layout(const onednn_convolution *convolution) { return onednn_layout_other; }
onednn_sizes onednn_memory_sizes(const onednn_convolution *convolution) {
  return (onednn_sizes){0};
}
onednn_status onednn_compile(onednn_convolution *convolution, const onednn_memory *memory) {
  return onednn_failed;
}
onednn_status onednn_pack(onednn_convolution *convolution, const float *wei) {
  return onednn_failed;
}
onednn_status onednn_execute(onednn_convolution *convolution, const float *src, float *dst) {
  return onednn_failed;
}
void onednn_release(onednn_convolution *convolution) {}
#endif
