#include "Descriptor.h"

#ifdef ONEDNN_HEADERS
#include <stdlib.h>

enum { most_arguments = 5 };

struct onednn_convolution {
  int threads, src_layout, dst_layout;
  descriptor plain_wei;
  dnnl_primitive_desc_t choice;
  // Made by onednn_compile.
  dnnl_primitive_t primitive;
  dnnl_stream_t stream;
  dnnl_exec_arg_t arguments[most_arguments];
  int argument_count;
  const float *src;
  float *dst;
};

static onednn_status status_of(dnnl_status_t status) {
  switch (status) {
    case dnnl_success: return onednn_ok;
    case dnnl_unimplemented: return onednn_unimplemented;
    case dnnl_out_of_memory: return onednn_out_of_memory;
    default: return onednn_failed;
  }
}

// MARK: Layouts

static const struct {
  int layout;
  dnnl_format_tag_t tag;
} layouts[] = {
    {onednn_layout_nchw, dnnl_nchw}, {8, dnnl_nChw8c}, {16, dnnl_nChw16c},
    {onednn_layout_any, dnnl_format_tag_any},
};
enum { layout_count = sizeof layouts / sizeof layouts[0] };

static dnnl_format_tag_t tag_of(int layout) {
  for (int i = 0; i < layout_count; i++)
    if (layouts[i].layout == layout) return layouts[i].tag;
  return dnnl_format_tag_undef;
}

// The layout, among ours, of a tensor of these sizes that lies as `chosen` says.
static int layout_of(descriptor_view chosen, const dnnl_dims_t sizes) {
  for (int i = 0; i < layout_count; i++) {
    descriptor ours;
    if (layouts[i].layout == onednn_layout_any) continue;
    if (descriptor_create(&ours, 4, sizes, layouts[i].tag) != dnnl_success) continue;
    const int is_equal = onednn.dnnl_memory_desc_equal(chosen, descriptor_borrow(&ours));
    descriptor_release(&ours);
    if (is_equal) return layouts[i].layout;
  }
  return onednn_layout_other;
}

// MARK: Choosing

// How an argument of the chosen implementation lies; NULL or without size if it has no such argument.
static descriptor_view tensor(const onednn_convolution *c, int argument) {
  return onednn.dnnl_primitive_desc_query_md(c->choice, dnnl_query_exec_arg_md, argument);
}

static dnnl_status_t create_attributes(dnnl_primitive_attr_t *attr, bool relu) {
  dnnl_status_t status = onednn.dnnl_primitive_attr_create(attr);
  if (status) return status;
  onednn.dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
  if (!relu) return dnnl_success;
  dnnl_post_ops_t operations;
  status = onednn.dnnl_post_ops_create(&operations);
  if (status) return status;
  append_relu(operations);
  status = onednn.dnnl_primitive_attr_set_post_ops(*attr, operations);
  onednn.dnnl_post_ops_destroy(operations);
  return status;
}

static dnnl_status_t create_weights(
    descriptor *result, const onednn_request *r, dnnl_format_tag_t ungrouped,
    dnnl_format_tag_t grouped) {
  if (r->g == 1) {
    const dnnl_dims_t sizes = {r->oc, r->ic, r->kh, r->kw};
    return descriptor_create(result, 4, sizes, ungrouped);
  }
  const dnnl_dims_t sizes = {r->g, r->oc / r->g, r->ic / r->g, r->kh, r->kw};
  return descriptor_create(result, 5, sizes, grouped);
}

static dnnl_status_t choose(const onednn_request *r, onednn_convolution *c) {
  static const dnnl_alg_kind_t algorithms[] = {
      dnnl_convolution_auto, dnnl_convolution_direct, dnnl_convolution_winograd};
  const dnnl_dims_t src = {r->mb, r->ic, r->ih, r->iw}, dst = {r->mb, r->oc, r->oh, r->ow};
  const dnnl_dims_t bias = {r->oc};
  convolution_description d = {
      .algorithm = algorithms[r->algorithm], .has_bias = r->bias, .strides = {r->sh, r->sw},
      .dilates = {r->dh, r->dw}, .padding_l = {r->ph, r->pw}, .padding_r = {r->phr, r->pwr}};
  dnnl_primitive_attr_t attr = NULL;
  dnnl_status_t status = create_weights(&c->plain_wei, r, dnnl_oihw, dnnl_goihw);
  if (!status) status = create_weights(&d.wei, r, dnnl_format_tag_any, dnnl_format_tag_any);
  if (!status) status = descriptor_create(&d.src, 4, src, tag_of(r->src_layout));
  if (!status) status = descriptor_create(&d.dst, 4, dst, tag_of(r->dst_layout));
  if (!status) status = descriptor_create(&d.bias, 1, bias, dnnl_x);
  if (!status) status = create_attributes(&attr, r->relu);
  if (!status) status = convolution_describe(&c->choice, &d, attr);
  if (!status) {
    c->src_layout = layout_of(tensor(c, DNNL_ARG_SRC), src);
    c->dst_layout = layout_of(tensor(c, DNNL_ARG_DST), dst);
  }
  if (attr) onednn.dnnl_primitive_attr_destroy(attr);
  descriptor_release(&d.src);
  descriptor_release(&d.wei);
  descriptor_release(&d.bias);
  descriptor_release(&d.dst);
  return status;
}

onednn_status onednn_choose(const onednn_request *request, onednn_convolution **convolution) {
  onednn_convolution *c = *convolution = calloc(1, sizeof *c);
  if (!c) return onednn_out_of_memory;
  c->threads = request->threads;
  // The choice depends on the threads.
  onednn_use_threads(c->threads);
  const dnnl_status_t status = choose(request, c);
  if (status) {
    onednn_release(c);
    *convolution = NULL;
  }
  return status_of(status);
}

const char *onednn_implementation(const onednn_convolution *c) {
  const char *name = "";
  onednn.dnnl_primitive_desc_query(c->choice, dnnl_query_impl_info_str, 0, &name);
  return name;
}

int onednn_src_layout(const onednn_convolution *c) { return c->src_layout; }
int onednn_dst_layout(const onednn_convolution *c) { return c->dst_layout; }

static size_t bytes(const onednn_convolution *c, int argument) {
  const descriptor_view view = tensor(c, argument);
  return view ? onednn.dnnl_memory_desc_get_size(view) : 0;
}

size_t onednn_weights_bytes(const onednn_convolution *c) { return bytes(c, DNNL_ARG_WEIGHTS); }
size_t onednn_scratch_bytes(const onednn_convolution *c) { return bytes(c, DNNL_ARG_SCRATCHPAD); }

// MARK: Running

// Adds an argument at `address`; one that the implementation does not have is left out.
static dnnl_status_t bind(onednn_convolution *c, int argument, void *address) {
  if (bytes(c, argument) == 0) return dnnl_success;
  dnnl_exec_arg_t *slot = &c->arguments[c->argument_count];
  slot->arg = argument;
  const dnnl_status_t status =
      onednn.dnnl_memory_create(&slot->memory, tensor(c, argument), onednn.engine, address);
  if (!status) c->argument_count++;
  return status;
}

onednn_status onednn_compile(onednn_convolution *c, float *weights, float *bias, float *scratch) {
  onednn_use_threads(c->threads);
  dnnl_status_t status = onednn.dnnl_primitive_create(&c->primitive, c->choice);
  if (!status)
    status = onednn.dnnl_stream_create(&c->stream, onednn.engine, dnnl_stream_default_flags);
  if (!status) status = bind(c, DNNL_ARG_SRC, DNNL_MEMORY_NONE);
  if (!status) status = bind(c, DNNL_ARG_DST, DNNL_MEMORY_NONE);
  if (!status) status = bind(c, DNNL_ARG_WEIGHTS, weights);
  if (!status) status = bind(c, DNNL_ARG_BIAS, bias);
  if (!status) status = bind(c, DNNL_ARG_SCRATCHPAD, scratch);
  return status_of(status);
}

static dnnl_memory_t argument(const onednn_convolution *c, int which) {
  for (int i = 0; i < c->argument_count; i++)
    if (c->arguments[i].arg == which) return c->arguments[i].memory;
  return NULL;
}

static dnnl_status_t run(
    const onednn_convolution *c, dnnl_primitive_t primitive, int count,
    const dnnl_exec_arg_t *arguments) {
  const dnnl_status_t status =
      onednn.dnnl_primitive_execute(primitive, c->stream, count, arguments);
  return status ? status : onednn.dnnl_stream_wait(c->stream);
}

onednn_status onednn_pack(onednn_convolution *c, const float *wei) {
  const descriptor_view plain = descriptor_borrow(&c->plain_wei);
  dnnl_memory_t source = NULL;
  dnnl_primitive_desc_t choice = NULL;
  dnnl_primitive_t reorder = NULL;
  onednn_use_threads(c->threads);
  dnnl_status_t status = onednn.dnnl_memory_create(&source, plain, onednn.engine, (void *)wei);
  if (!status)
    status = onednn.dnnl_reorder_primitive_desc_create(
        &choice, plain, onednn.engine, tensor(c, DNNL_ARG_WEIGHTS), onednn.engine, NULL);
  if (!status) status = onednn.dnnl_primitive_create(&reorder, choice);
  if (!status) {
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_FROM, source}, {DNNL_ARG_TO, argument(c, DNNL_ARG_WEIGHTS)}};
    status = run(c, reorder, 2, arguments);
  }
  if (reorder) onednn.dnnl_primitive_destroy(reorder);
  if (choice) onednn.dnnl_primitive_desc_destroy(choice);
  if (source) onednn.dnnl_memory_destroy(source);
  return status_of(status);
}

onednn_status onednn_execute(onednn_convolution *c, const float *src, float *dst) {
  onednn_use_threads(c->threads);
  dnnl_status_t status = dnnl_success;
  // At a new address, oneDNN 2 fills a tensor's padding; so an address that stays is not set again.
  if (src != c->src)
    status = onednn.dnnl_memory_set_data_handle(argument(c, DNNL_ARG_SRC), (void *)src);
  if (!status && dst != c->dst)
    status = onednn.dnnl_memory_set_data_handle(argument(c, DNNL_ARG_DST), dst);
  if (status) return status_of(status);
  c->src = src;
  c->dst = dst;
  return status_of(run(c, c->primitive, c->argument_count, c->arguments));
}

void onednn_release(onednn_convolution *c) {
  for (int i = 0; i < c->argument_count; i++)
    onednn.dnnl_memory_destroy(c->arguments[i].memory);
  if (c->stream) onednn.dnnl_stream_destroy(c->stream);
  if (c->primitive) onednn.dnnl_primitive_destroy(c->primitive);
  if (c->choice) onednn.dnnl_primitive_desc_destroy(c->choice);
  descriptor_release(&c->plain_wei);
  free(c);
}
#endif
