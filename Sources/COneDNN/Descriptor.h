// What differs between the C interfaces of oneDNN 2 and 3: who owns a memory descriptor, how a
// convolution is described, and an argument of post-operations.
#pragma once
#include "Library.h"

#ifdef ONEDNN_HEADERS
#include "COneDNN.h"

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t descriptor_view;
typedef dnnl_memory_desc_t descriptor;
#else
typedef const dnnl_memory_desc_t *descriptor_view;
typedef dnnl_memory_desc_t descriptor;
#endif

// Describes a float32 tensor; to be released with descriptor_release, which an empty one survives.
static inline dnnl_status_t descriptor_create(
    descriptor *result, int rank, const dnnl_dims_t sizes, dnnl_format_tag_t tag) {
#if DNNL_VERSION_MAJOR >= 3
  return onednn.dnnl_memory_desc_create_with_tag(result, rank, sizes, dnnl_f32, tag);
#else
  return onednn.dnnl_memory_desc_init_by_tag(result, rank, sizes, dnnl_f32, tag);
#endif
}

static inline descriptor_view descriptor_borrow(const descriptor *owned) {
#if DNNL_VERSION_MAJOR >= 3
  return *owned;
#else
  return owned;
#endif
}

static inline void descriptor_release(descriptor *owned) {
#if DNNL_VERSION_MAJOR >= 3
  if (*owned) onednn.dnnl_memory_desc_destroy(*owned);
#endif
}

typedef struct {
  dnnl_alg_kind_t algorithm;
  descriptor src, wei, bias, dst;
  bool has_bias;
  dnnl_dims_t strides, dilates, padding_l, padding_r;
} convolution_description;

static inline dnnl_status_t convolution_describe(
    dnnl_primitive_desc_t *result, const convolution_description *d, dnnl_primitive_attr_t attr) {
  const descriptor_view bias = d->has_bias ? descriptor_borrow(&d->bias) : NULL;
#if DNNL_VERSION_MAJOR >= 3
  return onednn.dnnl_convolution_forward_primitive_desc_create(
      result, onednn.engine, dnnl_forward_inference, d->algorithm, d->src, d->wei, bias, d->dst,
      d->strides, d->dilates, d->padding_l, d->padding_r, attr);
#else
  dnnl_convolution_desc_t operation;
  const dnnl_status_t status = onednn.dnnl_dilated_convolution_forward_desc_init(
      &operation, dnnl_forward_inference, d->algorithm, &d->src, &d->wei, bias, &d->dst, d->strides,
      d->dilates, d->padding_l, d->padding_r);
  if (status != dnnl_success) return status;
  return onednn.dnnl_primitive_desc_create(result, &operation, attr, onednn.engine, NULL);
#endif
}

static inline dnnl_status_t append_relu(dnnl_post_ops_t operations) {
#if DNNL_VERSION_MAJOR >= 3
  return onednn.dnnl_post_ops_append_eltwise(operations, dnnl_eltwise_relu, 0, 0);
#else
  return onednn.dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0);
#endif
}
#endif
