#include "Descriptor.h"

#ifdef ONEDNN_HEADERS
#include <stdlib.h>

enum { most_arguments = 5 };

// A primitive and what it works on.
typedef struct {
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t arguments[most_arguments];
  int count;
} step;

struct onednn_convolution {
  int threads, src_layout, dst_layout;
  bool reorders_src, reorders_dst;
  // The tensors as the caller has them.
  descriptor plain_wei, plain_src, plain_dst;
  dnnl_primitive_desc_t choice;
  // Made by onednn_compile. Source and destination are at `src` and `dst`, or nowhere yet.
  step before, main, after;
  dnnl_stream_t stream;
  float *weights;
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
    {onednn_layout_nchw, dnnl_nchw}, {onednn_layout_nhwc, dnnl_nhwc},
    {8, dnnl_nChw8c}, {16, dnnl_nChw16c},
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
  if (!status) status = descriptor_create(&c->plain_src, 4, src, dnnl_nchw);
  if (!status) status = descriptor_create(&c->plain_dst, 4, dst, dnnl_nchw);
  if (!status) status = descriptor_create(&d.src, 4, src, tag_of(r->src_layout));
  if (!status) status = descriptor_create(&d.dst, 4, dst, tag_of(r->dst_layout));
  if (!status) status = descriptor_create(&d.bias, 1, bias, dnnl_x);
  if (!status) status = create_attributes(&attr, r->relu);
  if (!status) status = convolution_describe(&c->choice, &d, attr);
  if (!status) {
    c->src_layout = layout_of(tensor(c, DNNL_ARG_SRC), src);
    c->dst_layout = layout_of(tensor(c, DNNL_ARG_DST), dst);
    c->reorders_src = r->reorders && c->src_layout != onednn_layout_nchw;
    c->reorders_dst = r->reorders && c->dst_layout != onednn_layout_nchw;
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

onednn_sizes onednn_memory_sizes(const onednn_convolution *c) {
  return (onednn_sizes){
      .weights = bytes(c, DNNL_ARG_WEIGHTS), .scratch = bytes(c, DNNL_ARG_SCRATCHPAD),
      .src = c->reorders_src ? bytes(c, DNNL_ARG_SRC) : 0,
      .dst = c->reorders_dst ? bytes(c, DNNL_ARG_DST) : 0};
}

// MARK: Steps

static dnnl_status_t add_argument(step *s, int argument, descriptor_view view, void *address) {
  dnnl_exec_arg_t *slot = &s->arguments[s->count];
  slot->arg = argument;
  const dnnl_status_t status =
      onednn.dnnl_memory_create(&slot->memory, view, onednn.engine, address);
  if (!status) s->count++;
  return status;
}

// Adds an argument of the convolution; one that the implementation does not have is left out.
static dnnl_status_t bind(onednn_convolution *c, int argument, void *address) {
  if (bytes(c, argument) == 0) return dnnl_success;
  return add_argument(&c->main, argument, tensor(c, argument), address);
}

static dnnl_status_t create_reorder(
    step *s, descriptor_view from, void *source, descriptor_view to, void *destination) {
  dnnl_primitive_desc_t choice = NULL;
  dnnl_status_t status = onednn.dnnl_reorder_primitive_desc_create(
      &choice, from, onednn.engine, to, onednn.engine, NULL);
  if (!status) status = onednn.dnnl_primitive_create(&s->primitive, choice);
  if (!status) status = add_argument(s, DNNL_ARG_FROM, from, source);
  if (!status) status = add_argument(s, DNNL_ARG_TO, to, destination);
  if (choice) onednn.dnnl_primitive_desc_destroy(choice);
  return status;
}

static dnnl_status_t run(const step *s, dnnl_stream_t stream) {
  if (!s->primitive) return dnnl_success;
  const dnnl_status_t status =
      onednn.dnnl_primitive_execute(s->primitive, stream, s->count, s->arguments);
  return status ? status : onednn.dnnl_stream_wait(stream);
}

static void release(step *s) {
  for (int i = 0; i < s->count; i++) onednn.dnnl_memory_destroy(s->arguments[i].memory);
  if (s->primitive) onednn.dnnl_primitive_destroy(s->primitive);
}

static dnnl_status_t move(const step *s, int argument, void *address) {
  for (int i = 0; i < s->count; i++)
    if (s->arguments[i].arg == argument)
      return onednn.dnnl_memory_set_data_handle(s->arguments[i].memory, address);
  return dnnl_invalid_arguments;
}

// MARK: Running

onednn_status onednn_compile(onednn_convolution *c, const onednn_memory *memory) {
  float *src = c->reorders_src ? memory->src : DNNL_MEMORY_NONE;
  float *dst = c->reorders_dst ? memory->dst : DNNL_MEMORY_NONE;
  onednn_use_threads(c->threads);
  dnnl_status_t status =
      onednn.dnnl_stream_create(&c->stream, onednn.engine, dnnl_stream_default_flags);
  if (!status) status = onednn.dnnl_primitive_create(&c->main.primitive, c->choice);
  if (!status) status = bind(c, DNNL_ARG_SRC, src);
  if (!status) status = bind(c, DNNL_ARG_DST, dst);
  if (!status) status = bind(c, DNNL_ARG_WEIGHTS, memory->weights);
  if (!status) status = bind(c, DNNL_ARG_BIAS, memory->bias);
  if (!status) status = bind(c, DNNL_ARG_SCRATCHPAD, memory->scratch);
  if (!status && c->reorders_src)
    status = create_reorder(
        &c->before, descriptor_borrow(&c->plain_src), DNNL_MEMORY_NONE, tensor(c, DNNL_ARG_SRC),
        src);
  if (!status && c->reorders_dst)
    status = create_reorder(
        &c->after, tensor(c, DNNL_ARG_DST), dst, descriptor_borrow(&c->plain_dst),
        DNNL_MEMORY_NONE);
  c->weights = memory->weights;
  return status_of(status);
}

onednn_status onednn_pack(onednn_convolution *c, const float *wei) {
  step pack = {0};
  onednn_use_threads(c->threads);
  dnnl_status_t status = create_reorder(
      &pack, descriptor_borrow(&c->plain_wei), (void *)wei, tensor(c, DNNL_ARG_WEIGHTS),
      c->weights);
  if (!status) status = run(&pack, c->stream);
  release(&pack);
  return status_of(status);
}

onednn_status onednn_execute(onednn_convolution *c, const float *src, float *dst) {
  onednn_use_threads(c->threads);
  dnnl_status_t status = dnnl_success;
  // At a new address, oneDNN 2 fills a tensor's padding; so an address that stays is not set again.
  if (src != c->src)
    status = c->reorders_src ? move(&c->before, DNNL_ARG_FROM, (void *)src)
                             : move(&c->main, DNNL_ARG_SRC, (void *)src);
  if (!status && dst != c->dst)
    status = c->reorders_dst ? move(&c->after, DNNL_ARG_TO, dst)
                             : move(&c->main, DNNL_ARG_DST, dst);
  if (status) return status_of(status);
  c->src = src;
  c->dst = dst;
  status = run(&c->before, c->stream);
  if (!status) status = run(&c->main, c->stream);
  if (!status) status = run(&c->after, c->stream);
  return status_of(status);
}

void onednn_release(onednn_convolution *c) {
  release(&c->before);
  release(&c->main);
  release(&c->after);
  if (c->stream) onednn.dnnl_stream_destroy(c->stream);
  if (c->choice) onednn.dnnl_primitive_desc_destroy(c->choice);
  descriptor_release(&c->plain_wei);
  descriptor_release(&c->plain_src);
  descriptor_release(&c->plain_dst);
  free(c);
}
#endif
