// What a kernel module offers: function pointers and block sizes, nothing else.
//
// One instance per instruction set. Only pointers and integers cross this line, so that no vector
// instruction leaks out of the module that was compiled for it. Sizes and strides are in elements
// (float32) unless their name says otherwise. `lanes` is the number of floats in one vector.
#pragma once
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// One register tile: `pixels × vectors·lanes` sums, kept in registers over the whole reduction.
//
//   dst[p][v][l] = bias + Σ_{block, tap, c} src[block][tap_offsets[tap] + p·pixel_stride + c]
//                                          · wei[block][tap][c][v][l]
//
// The reduction runs over `blocks` blocks of `lanes` channels and, if `tail` > 0, one more block of
// `tail` channels. `wei` lies in that order, contiguously unless `wei_step` says otherwise. Only the
// taps `first_tap ..< end_tap` are summed: the others fall outside the image. Direct convolution, GEMM
// and the products of Winograd and FFT are all this loop with other strides. Plain planes have one channel a tap: `blocks`
// is 0 and `tail` is 1, which a `pixel_stride` of 1, 2 or 4 promises if that is not `lanes`. Weights that are sums
// of two need a single tap, a `pixel_stride` of `lanes` and no `wei_step`.
//
// `tiles` of them are computed, each with `src`, `wei`, `dst` and `bias_rows` moved on by the strides at
// the end; only the first fetches weights ahead.
typedef struct {
  const float *src;
  const ptrdiff_t *tap_offsets;
  ptrdiff_t taps;
  ptrdiff_t first_tap;
  ptrdiff_t end_tap;
  ptrdiff_t columns;                    // of taps, for border tiles
  uint64_t cuts;                        // four bits a column, lowest first, for border tiles: 0: all pixels have it,
                                        // 1, 2: all but the first so many, 3, 4: but the last one or two
  ptrdiff_t pixel_stride;
  ptrdiff_t block_stride;
  ptrdiff_t blocks;
  ptrdiff_t tail;
  const float *wei;
  ptrdiff_t src_ahead;                  // how far ahead pixels of plain planes are fetched; 0: not at all
  ptrdiff_t src_far;                    // and how far pixels are fetched to L2; 0: not at all
  ptrdiff_t wei_step;                   // from step to step; 0: one follows the other
  ptrdiff_t wei_ahead;                  // how far ahead they are fetched to L2; 0: not at all
  ptrdiff_t wei_addend;                 // from weights to others that are added to them; 0: none
  float *_Nullable wei_sums;            // where those sums go, which the tiles after the first one read
  float *dst;
  ptrdiff_t dst_pixel_stride;
  ptrdiff_t dst_vector_stride;
  const float *_Nullable dst_next;      // destination that is fetched to be written; null: none
  const float *_Nullable bias_vectors;  // vectors·lanes values, one per column of the tile
  const float *_Nullable bias_rows;     // pixels values, one per row of the tile
  ptrdiff_t accumulate;                 // nonzero: add to dst (bias is then ignored)
  ptrdiff_t relu;                       // nonzero: negative sums become 0
  ptrdiff_t streams;                    // nonzero: dst, aligned, is written past the caches, but for relu
  ptrdiff_t tiles;
  ptrdiff_t tile_src_stride;
  ptrdiff_t tile_wei_stride;
  ptrdiff_t tile_dst_stride;
  ptrdiff_t tile_bias_stride;           // of bias_rows
} TileArguments;

typedef void (*TileFunction)(const TileArguments *arguments);

// The most pixels of a tile that is fast on plain planes with any `pixel_stride`, as down the side of an
// image. Beyond, a pointer for each pixel would leave too few registers for the sums.
enum { kernel_side_pixels = 8 };

// The fewest pixels of a border tile.
enum { kernel_border_pixels = 3 };

// A register tile of plain planes: `channels × vectors·lanes` sums, pixels in the lanes.
//
//   dst[k·plane_stride + x] = bias[k] + Σ_tap src[tap_offsets[tap] + x] · wei[tap][k]
//
// `tiles` of them follow each other along the row.
typedef struct {
  const float *src;
  const ptrdiff_t *tap_offsets;
  ptrdiff_t taps;
  const float *wei;
  float *dst;
  ptrdiff_t plane_stride;
  const float *_Nullable bias;  // one value a channel
  ptrdiff_t relu;               // nonzero: negative sums become 0
  ptrdiff_t streams;            // nonzero: dst, aligned as its planes, is written past the caches, but for relu
  ptrdiff_t tiles;
} RowTileArguments;

typedef void (*RowTileFunction)(const RowTileArguments *arguments);

// Register tiles of a depthwise convolution: sums of `pixels` neighbouring outputs of one block of
// channels, each channel on its own.
//
//   dst[y·dst_row_stride + x·lanes]
//     = bias + Σ_{s,r} src[y·src_row_stride + x·pixel_stride + tap_offsets[s·tap_rows + r]]
//                      · wei[s·tap_rows + r]
//
// `rows` rows of `tiles` tiles that follow each other. Only the rows of taps `first_row ..< end_row` are
// summed, and column s of them only for the pixels `tap_pixels[2·(tile·tap_columns + s)] ..<
// tap_pixels[2·(tile·tap_columns + s) + 1]` of a tile: the others fall outside the image.
typedef struct {
  const float *src;
  const ptrdiff_t *tap_offsets;
  const int32_t *tap_pixels;
  ptrdiff_t tap_columns;
  ptrdiff_t tap_rows;
  ptrdiff_t first_row;
  ptrdiff_t end_row;
  ptrdiff_t pixel_stride;
  const float *wei;
  float *dst;
  const float *_Nullable bias;  // `lanes` values
  ptrdiff_t relu;               // nonzero: negative sums become 0
  ptrdiff_t tiles;
  ptrdiff_t rows;
  ptrdiff_t src_row_stride;
  ptrdiff_t dst_row_stride;
} DepthwiseArguments;

typedef void (*DepthwiseFunction)(const DepthwiseArguments *arguments);

// Transposes between plain planes and one channel block, `pixels` pixels of up to `lanes` channels.
//
// The plain side is dense: pixel i of channel c at `c·plane_stride + i`. The blocked side has `lanes`
// values a pixel. Packing zero-fills the missing channels and leaves `row_gap` elements after every
// `row_pixels` pixels (a padded image); unpacking skips the missing channels and knows no gaps.
typedef struct {
  const float *src;
  float *dst;
  ptrdiff_t pixels;
  ptrdiff_t row_pixels;
  ptrdiff_t row_gap;
  ptrdiff_t channels;
  ptrdiff_t plane_stride;
  ptrdiff_t ahead;    // how far ahead the planes are fetched; 0: not at all
  ptrdiff_t streams;  // unpacking, nonzero: planes of aligned vectors only, written past the caches if long
} ReorderArguments;

typedef void (*ReorderFunction)(const ReorderArguments *arguments);

// Packs some pixels of plain planes into one channel block: pixel i of channel c lies at
// `c·plane_stride + (i / row_pixels)·row_stride + (i % row_pixels)·step`. Missing channels become zero.
typedef struct {
  const float *src;
  float *dst;  // of `first`
  ptrdiff_t first;
  ptrdiff_t pixels;
  ptrdiff_t row_pixels;
  ptrdiff_t row_stride;
  ptrdiff_t step;
  ptrdiff_t channels;
  ptrdiff_t plane_stride;
  ptrdiff_t readable;  // elements from `src` to the end of the tensor
  ptrdiff_t ahead;     // how far ahead the planes are fetched
} SampleArguments;

typedef void (*SampleFunction)(const SampleArguments *arguments);

// The input or output transform of one tile of one channel block.
//
// Input:  `patch` is α×α pixels of `lanes` channels, rows `patch_stride` apart; element ξ of the
//         result is written to `spectrum + ξ·xi_stride`.
// Output: reads the spectrum, writes the m×m tile to `patch`.
typedef struct {
  float *patch;
  ptrdiff_t patch_stride;
  float *spectrum;
  ptrdiff_t xi_stride;
  const float *_Nullable bias;  // output only: `lanes` values
  ptrdiff_t channels;           // output only: of the block; what follows is zero
  ptrdiff_t relu;               // output only
  ptrdiff_t fetches_next;       // nonzero: bring the next patch of the row into the cache
  ptrdiff_t streams;            // nonzero: what is written, aligned, goes past the caches
} TransformArguments;

typedef void (*TransformFunction)(const TransformArguments *arguments);

// Winograd's transforms for a tile of `rows`×`columns` outputs and an r×r kernel, of which the spectrum is that of m×m
// outputs: all of it, or what narrower tiles have of it, at its places.
typedef struct {
  TransformFunction _Nullable input;
  TransformFunction _Nullable output;
} WinogradFunctions;

// Winograd's kernel transform of `vectors` times `lanes` r×r kernels.
//
//   dst[(i·α + j)·xi_stride + v·lanes + l] = Σ_{y,x} G[i][y] · src[v][y·r + x][l] · G[j][x]
typedef struct {
  const float *src;
  float *dst;
  ptrdiff_t xi_stride;
  ptrdiff_t vectors;
} KernelTransformArguments;

typedef void (*KernelTransformFunction)(const KernelTransformArguments *arguments);

// The input transform of Winograd's filtering F(m, r) along rows: `blocks` times `lanes` strips, each of m
// neighbouring outputs.
//
//   dst[block][ξ][strip] = Σ_j Bᵀ[ξ][j] · src[(block·lanes + strip)·m + j]
typedef struct {
  const float *src;  // pixels of a line, its border among them
  float *dst;
  ptrdiff_t blocks;
} StripSourceArguments;

typedef void (*StripSourceFunction)(const StripSourceArguments *arguments);

// A register tile of strips: sums of α products each, kept in registers over the whole reduction, and their output
// transform.
//
//   sums[ξ][p][v][l] = Σ_step src[step·step_stride + ξ·lanes + p] · wei[step][ξ][v][l]
//   dst[v·dst_vector_stride + (p·m + i)·lanes + l] = bias[v][l] + Σ_ξ Aᵀ[i][ξ] · sums[ξ][p][v][l]
//
// A step is a tap down the column of one channel. `tiles` of them follow each other along the row; `src` is the
// place in a block of transformed strips where the first one lies, a multiple of the strips of a tile.
typedef struct {
  const float *src;
  ptrdiff_t first_strip;  // in its block
  ptrdiff_t step_stride;
  ptrdiff_t steps;
  const float *wei;
  float *dst;
  ptrdiff_t dst_vector_stride;
  const float *_Nullable bias;  // vectors·lanes values
  ptrdiff_t relu;               // nonzero: negative outputs become 0
  ptrdiff_t streams;            // nonzero: dst, aligned, is written past the caches, but for relu
  ptrdiff_t tiles;
} StripArguments;

typedef void (*StripFunction)(const StripArguments *arguments);

// The same for plain planes, turned round: the lanes hold neighbouring strips of one output channel.
//
//   sums[k][v][ξ][l] = Σ_step src[step·step_stride + (v·α + ξ)·lanes + l] · wei[step][ξ][k]
//   dst[k·plane_stride + v·dst_vector_stride + strip(l)·m + i] = bias[k] + Σ_ξ Aᵀ[i][ξ] · sums[k][v][ξ][l]
//
// Strips are in the order that takes the fewest shuffles: with q = 4/m, strip(4h + q·i + j) = i·lanes/m + q·h + j, for
// i < m and j < q.
// `tiles` of them, for as many output channels each, read the same strips.
typedef struct {
  const float *src;
  ptrdiff_t step_stride;
  ptrdiff_t steps;
  const float *wei;
  ptrdiff_t tile_wei_stride;
  float *dst;
  ptrdiff_t plane_stride;
  ptrdiff_t dst_vector_stride;
  const float *_Nullable bias;  // a value for each channel
  ptrdiff_t relu;               // nonzero: negative outputs become 0
  ptrdiff_t streams;            // nonzero: dst, aligned, is written past the caches, but for relu
  ptrdiff_t tiles;
} StripRowArguments;

typedef void (*StripRowFunction)(const StripRowArguments *arguments);

// Two real channels share one complex transform: lanes 2j and 2j+1 are its real and imaginary part.
//
// Split:  turns the T×T complex grid `grid[frequency][lanes]` of such pairs into the planes of a real
//         matrix product: for each of `self_count` self-conjugate frequencies the real part, for each
//         of `pair_count` others the factors of three real products: Xr, Xi, Xr + Xi. All doubled.
// Merge:  turns sums of products back, P1 − P2 and P3 − P1 − P2, into the grid of the inverse transform.
typedef struct {
  float *grid;
  const int32_t *frequencies;  // self-conjugate ones, then (frequency, its negative) pairs
  ptrdiff_t self_count;
  ptrdiff_t pair_count;
  float *spectrum;
  ptrdiff_t xi_stride;
  ptrdiff_t streams;           // split only, nonzero: the spectrum, aligned, is written past the caches
} SpectrumArguments;

typedef void (*SpectrumFunction)(const SpectrumArguments *arguments);

// Copies `rows × columns` pixels of a block of channels, adding a bias and applying ReLU.
typedef struct {
  const float *src;
  ptrdiff_t src_stride;  // between rows
  float *dst;
  ptrdiff_t dst_stride;
  ptrdiff_t rows;
  ptrdiff_t columns;
  const float *_Nullable bias;  // `lanes` values
  ptrdiff_t channels;           // others become zero
  ptrdiff_t relu;
  ptrdiff_t streams;            // nonzero: dst, aligned, is written past the caches
} PixelArguments;

typedef void (*PixelFunction)(const PixelArguments *arguments);

// A row of a panel of at most 32 pixels that lie in the source as they lie in the panel.
typedef struct {
  int32_t offset;  // of the first pixel in the plane, whether it is inside or not
  uint32_t inside;  // bit i: pixel i is inside the image; the others are zero
  // Whether all runs are as far from the source as each other; if not, the runs hold.
  int32_t is_regular;
} PanelShift;

// Rows of im2col panels, `taps` for each channel: runs of source pixels, the rest zero.
//
// Row `c·taps + t` of a panel is `row_stride` elements after the one before. The runs of tap t in
// panel i are the triples `segment_ends[t·panels + i − 1] ..< segment_ends[t·panels + i]` (from 0 for
// the first). With `shifts`, whole rows may be read, also what lies outside the image: `shifts[t·panels + i]`
// says in a few instructions what the runs say. With `line`, the runs of tap t are those of all panels
// together, `segment_ends[t − 1] ..< segment_ends[t]`, offsets from the first pixel of the first panel. The
// others follow it, but for the last one.
typedef struct {
  const float *src;             // plane of the first channel
  float *dst;
  ptrdiff_t width;              // elements of a row, a multiple of lanes
  ptrdiff_t row_stride;
  ptrdiff_t panels;
  ptrdiff_t panel_stride;
  const int32_t *segments;      // triples: offset in the row, offset in the plane, count
  const int32_t *segment_ends;
  ptrdiff_t taps;
  ptrdiff_t step;               // between source pixels (the horizontal stride)
  ptrdiff_t channels;
  ptrdiff_t channel_stride;     // between planes of the source
  const PanelShift *_Nullable shifts;  // null: only runs
  float *_Nullable line;        // room for a row of all panels and a vector; null: runs are those of panels
  ptrdiff_t last_offset;        // with `line`: from the first pixel to the last panel
  ptrdiff_t ahead;              // how far ahead the source is fetched by `shifts` and `line`; 0: not at all
} PanelArguments;

typedef void (*PanelFunction)(const PanelArguments *arguments);

// The kernels of one instruction set.
typedef struct {
  ptrdiff_t lanes;
  // The most vectors of output channels in a tile, and the most pixels for a number of vectors.
  ptrdiff_t max_vectors;
  ptrdiff_t (*max_pixels)(ptrdiff_t vectors);
  TileFunction _Nonnull (*_Nonnull tile)(ptrdiff_t pixels, ptrdiff_t vectors);
  // One vector of output channels, for up to `max_pixels(2)` pixels: each step sums two channels, in lanes of
  // their own, and its weights are `[lane][channel]`. All blocks, and `tail`, have an even number of channels.
  // Null where there is no such tile.
  TileFunction _Nonnull (*_Nullable pair_tile)(ptrdiff_t pixels);
  // The same as `tile` at the left and right border of an image, from `kernel_border_pixels` on, with a `pixel_stride`
  // of `lanes`: one pass over all `columns` of taps. Of each, `first_tap ..< end_tap` are summed, for the pixels that
  // have them. Null where there is no such tile.
  TileFunction _Nonnull (*_Nullable border_tile)(ptrdiff_t pixels, ptrdiff_t vectors);
  // For 1 or 2 vectors of pixels and up to `max_pixels(2)` channels.
  RowTileFunction _Nonnull (*_Nonnull row_tile)(ptrdiff_t channels, ptrdiff_t vectors);
  // For up to `max_depthwise_pixels` pixels, whose source is `stride` vectors apart.
  ptrdiff_t max_depthwise_pixels;
  DepthwiseFunction _Nonnull (*_Nonnull depthwise_tile)(ptrdiff_t pixels, ptrdiff_t stride);
  // Plain planes → `[pixel][lanes]`, and back.
  ReorderFunction pack_channels;
  ReorderFunction unpack_channels;
  SampleFunction pack_samples;
  PanelFunction pack_panel;
  // Null pointers where no such tile was generated.
  WinogradFunctions (*winograd)(ptrdiff_t m, ptrdiff_t r, ptrdiff_t rows, ptrdiff_t columns);
  // F(m×m, r×r); null where it was not generated.
  KernelTransformFunction _Nullable (*_Nonnull winograd_kernels)(ptrdiff_t m, ptrdiff_t r);
  // F(m, r) along rows; null where it was not generated.
  StripSourceFunction _Nullable (*_Nonnull strip_source)(ptrdiff_t m, ptrdiff_t r);
  // The same for `strip_row_tile`, strips in its order.
  StripSourceFunction _Nullable (*_Nonnull strip_row_source)(ptrdiff_t m, ptrdiff_t r);
  // For up to `max_strip_vectors` vectors of output channels and up to `max_strips` strips.
  ptrdiff_t max_strip_vectors;
  ptrdiff_t (*max_strips)(ptrdiff_t vectors);
  StripFunction _Nullable (*_Nonnull strip_tile)(
      ptrdiff_t m, ptrdiff_t r, ptrdiff_t strips, ptrdiff_t vectors);
  // For 1 or 2 vectors of strips and up to so many output channels, 0 where there is no such tile.
  ptrdiff_t (*max_strip_channels)(ptrdiff_t vectors);
  StripRowFunction _Nullable (*_Nonnull strip_row_tile)(
      ptrdiff_t m, ptrdiff_t r, ptrdiff_t channels, ptrdiff_t vectors);
  SpectrumFunction split_spectrum;
  SpectrumFunction merge_spectrum;
  PixelFunction copy_pixels;
  // Runs `iterations` rounds `sum = sum·cell[0] + cell[1]` on independent sums in registers, leaves
  // their total in cell[2]; returns the FLOPs done.
  double (*peak)(ptrdiff_t iterations, float *cell);
  // Sums `count` floats (a multiple of 16·lanes): one pass of pure reading.
  float (*read)(const float *data, ptrdiff_t count);
} KernelContext;

// To L1 and to L2.
static inline void kernel_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
static inline void kernel_prefetch_l2(const void *address) { __builtin_prefetch(address, 0, 2); }
// To L1, to be written. The compiler knows the instruction only for targets newer than some that have it;
// x86-64 CPUs without it take it for no operation.
static inline void kernel_prefetch_write(const void *address) {
#if defined(__x86_64__)
  __asm__ volatile("prefetchw %0" : : "m"(*(const char *)address));
#else
  __builtin_prefetch(address, 1, 3);
#endif
}

// After tiles that stream, before other threads may read what they wrote.
static inline void kernel_end_streaming(void) {
#if defined(__x86_64__)
  __asm__ volatile("sfence" : : : "memory");
#else
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

#pragma clang assume_nonnull end
