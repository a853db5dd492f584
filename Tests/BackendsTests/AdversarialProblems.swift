import Convolution

/// Problems chosen to break tilings: every remainder, border and degenerate size.
enum AdversarialProblems {
  static let all: [ConvolutionProblem] = try! [
    // 1×1 images, kernel = image, stride > kernel, padding ≥ kernel − 1.
    .init(ic: 1, ih: 1, iw: 1, oc: 1, kh: 1, kw: 1),
    .init(ic: 3, ih: 1, iw: 1, oc: 5, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(ic: 17, ih: 5, iw: 5, oc: 33, kh: 5, kw: 5),
    .init(ic: 4, ih: 9, iw: 11, oc: 6, kh: 1, kw: 1, sh: 3, sw: 2),
    .init(ic: 5, ih: 10, iw: 10, oc: 7, kh: 2, kw: 2, sh: 3, sw: 3),
    .init(ic: 3, ih: 4, iw: 5, oc: 4, kh: 3, kw: 3, ph: 2, pw: 2),
    .init(ic: 16, ih: 3, iw: 3, oc: 16, kh: 3, kw: 3, ph: 4, pw: 4),
    .init(ic: 2, ih: 5, iw: 5, oc: 3, kh: 3, kw: 3, ph: 7, pw: 6),
    // Primes, around every block size.
    .init(mb: 2, ic: 13, ih: 11, iw: 7, oc: 19, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(mb: 5, ic: 7, ih: 13, iw: 17, oc: 11, kh: 3, kw: 3),
    .init(ic: 31, ih: 14, iw: 14, oc: 67, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(ic: 33, ih: 13, iw: 29, oc: 48, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(ic: 64, ih: 8, iw: 57, oc: 32, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(ic: 15, ih: 20, iw: 20, oc: 16, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(ic: 128, ih: 7, iw: 7, oc: 130, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(ic: 300, ih: 6, iw: 6, oc: 40, kh: 3, kw: 3, ph: 1, pw: 1),
    // Unequal padding, kernels, strides, dilation.
    .init(ic: 6, ih: 9, iw: 12, oc: 10, kh: 3, kw: 3, ph: 0, pw: 1, phr: 2, pwr: 0),
    .init(ic: 6, ih: 9, iw: 12, oc: 10, kh: 1, kw: 7, ph: 0, pw: 3),
    .init(ic: 20, ih: 12, iw: 9, oc: 10, kh: 7, kw: 1, ph: 3, pw: 0),
    .init(mb: 2, ic: 18, ih: 15, iw: 14, oc: 20, kh: 3, kw: 3, sh: 2, sw: 2, ph: 1, pw: 1),
    .init(ic: 3, ih: 35, iw: 35, oc: 24, kh: 11, kw: 11, sh: 4, sw: 4),
    .init(ic: 3, ih: 32, iw: 30, oc: 20, kh: 7, kw: 7, sh: 2, sw: 2, ph: 3, pw: 3),
    .init(ic: 24, ih: 13, iw: 13, oc: 36, kh: 5, kw: 5, ph: 2, pw: 2),
    .init(ic: 9, ih: 17, iw: 19, oc: 12, kh: 3, kw: 3, ph: 2, pw: 3, dh: 1, dw: 2),
    .init(ic: 17, ih: 16, iw: 16, oc: 17, kh: 3, kw: 3, sh: 2, sw: 1, ph: 2, pw: 2, dh: 1, dw: 1),
    .init(ic: 10, ih: 4, iw: 40, oc: 9, kh: 4, kw: 2, sh: 1, sw: 3, ph: 1, pw: 0, phr: 2, pwr: 1),
    // Strided kernels that are 3×3 or 5×5 without the stride: every offset of the padding, whole and
    // broken blocks of channels, images smaller than a stride, source pixels that nothing reads.
    .init(mb: 2, ic: 16, ih: 17, iw: 15, oc: 20, kh: 5, kw: 5, sh: 2, sw: 2, ph: 2, pw: 2),
    .init(ic: 18, ih: 20, iw: 19, oc: 17, kh: 5, kw: 6, sh: 2, sw: 2, ph: 1, pw: 0, phr: 3, pwr: 0),
    .init(mb: 3, ic: 24, ih: 13, iw: 14, oc: 9, kh: 5, kw: 5, sh: 2, sw: 2, ph: 0, pw: 3),
    .init(g: 2, ic: 6, ih: 23, iw: 25, oc: 10, kh: 9, kw: 9, sh: 3, sw: 4, ph: 0, pw: 3),
    .init(ic: 3, ih: 12, iw: 11, oc: 8, kh: 9, kw: 9, sh: 2, sw: 2, ph: 4, pw: 4),
    .init(ic: 2, ih: 3, iw: 2, oc: 5, kh: 5, kw: 5, sh: 2, sw: 2, ph: 4, pw: 4),
    .init(ic: 5, ih: 14, iw: 9, oc: 6, kh: 3, kw: 7, sh: 1, sw: 3, ph: 1, pw: 1),
    .init(ic: 3, ih: 33, iw: 38, oc: 9, kh: 11, kw: 11, sh: 5, sw: 5, ph: 2, pw: 3),
    .init(mb: 2, ic: 2, ih: 40, iw: 43, oc: 5, kh: 17, kw: 17, sh: 8, sw: 7),
    // Few channels, rows around one and two vectors.
    .init(ic: 3, ih: 5, iw: 33, oc: 15, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(g: 2, ic: 8, ih: 9, iw: 49, oc: 6, kh: 3, kw: 2, sh: 2, sw: 1, dh: 1, dw: 2),
    .init(mb: 2, ic: 7, ih: 9, iw: 17, oc: 29, kh: 1, kw: 1),
    .init(ic: 3, ih: 40, iw: 70, oc: 30, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(ic: 3, ih: 20, iw: 63, oc: 20, kh: 7, kw: 7, sh: 2, sw: 2, ph: 3, pw: 3),
    .init(ic: 5, ih: 12, iw: 61, oc: 18, kh: 5, kw: 3, sh: 1, sw: 2, ph: 3, pw: 2, dh: 1, dw: 1),
    // Kernels larger than a tile; images whose zeros before and after may be the same.
    .init(mb: 2, ic: 3, ih: 27, iw: 15, oc: 5, kh: 33, kw: 9, ph: 16, pw: 4),
    .init(mb: 3, g: 2, ic: 40, ih: 9, iw: 6, oc: 38, kh: 5, kw: 7, ph: 2, pw: 3),
    .init(ic: 4, ih: 20, iw: 44, oc: 3, kh: 9, kw: 35, ph: 1, pw: 20, phr: 12, pwr: 9),
    // Groups and depthwise.
    .init(g: 2, ic: 6, ih: 9, iw: 9, oc: 10, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(mb: 2, g: 3, ic: 51, ih: 8, iw: 9, oc: 57, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(g: 2, ic: 64, ih: 10, iw: 10, oc: 64, kh: 5, kw: 5, ph: 2, pw: 2),
    .init(g: 19, ic: 19, ih: 12, iw: 11, oc: 19, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(mb: 2, g: 32, ic: 32, ih: 9, iw: 9, oc: 32, kh: 3, kw: 3, sh: 2, sw: 2, ph: 1, pw: 1),
    .init(mb: 2, g: 40, ic: 40, ih: 9, iw: 31, oc: 40, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(g: 16, ic: 16, ih: 20, iw: 29, oc: 16, kh: 5, kw: 5, ph: 2, pw: 2),
    .init(
      g: 20, ic: 20, ih: 11, iw: 45, oc: 20, kh: 3, kw: 3, sh: 2, sw: 2, ph: 1, pw: 1, dh: 1, dw: 1),
    .init(g: 33, ic: 33, ih: 6, iw: 20, oc: 33, kh: 2, kw: 7, sh: 1, sw: 3, ph: 0, pw: 5),
    .init(g: 17, ic: 17, ih: 40, iw: 15, oc: 17, kh: 3, kw: 3, ph: 1, pw: 0, phr: 3, pwr: 2),
    .init(g: 5, ic: 5, ih: 7, iw: 7, oc: 15, kh: 5, kw: 5, ph: 2, pw: 2),
    .init(g: 16, ic: 64, ih: 5, iw: 5, oc: 64, kh: 1, kw: 1),
    // 1×1 and fully connected.
    .init(mb: 3, ic: 70, ih: 7, iw: 7, oc: 50, kh: 1, kw: 1),
    .init(ic: 64, ih: 28, iw: 28, oc: 65, kh: 1, kw: 1),
    .init(ic: 40, ih: 14, iw: 15, oc: 33, kh: 1, kw: 1, sh: 2, sw: 2),
    .init(mb: 2, ic: 19, ih: 6, iw: 45, oc: 18, kh: 1, kw: 1, sh: 2, sw: 2),
    .init(mb: 2, ic: 100, ih: 7, iw: 7, oc: 130, kh: 1, kw: 1),
    .init(ic: 130, ih: 14, iw: 13, oc: 100, kh: 1, kw: 1, sh: 2, sw: 2),
    .init(mb: 2, g: 2, ic: 70, ih: 9, iw: 20, oc: 34, kh: 1, kw: 1, sh: 2, sw: 3),
    .init(ic: 33, ih: 8, iw: 17, oc: 40, kh: 1, kw: 1, sh: 2, sw: 1),
    .init(mb: 2, ic: 48, ih: 7, iw: 67, oc: 20, kh: 1, kw: 1, sh: 1, sw: 2),
    .init(ic: 32, ih: 2, iw: 2, oc: 20, kh: 1, kw: 1, sh: 2, sw: 2),
    .init(mb: 2, g: 2, ic: 70, ih: 29, iw: 57, oc: 66, kh: 1, kw: 1, sh: 2, sw: 2),
    .init(ic: 21, ih: 5, iw: 53, oc: 35, kh: 1, kw: 1, sh: 3, sw: 4),
    .init(ic: 500, ih: 1, iw: 1, oc: 123, kh: 1, kw: 1),
    .init(mb: 5, ic: 100, ih: 1, iw: 1, oc: 40, kh: 1, kw: 1),
    .init(ic: 18, ih: 6, iw: 6, oc: 70, kh: 6, kw: 6),
    // A reduction longer than a panel of the implicit GEMM may be.
    .init(mb: 2, ic: 16_500, ih: 1, iw: 3, oc: 20, kh: 1, kw: 1),
    .init(ic: 16_500, ih: 4, iw: 9, oc: 20, kh: 1, kw: 1),
    // Wide enough for several tiles, bands and threads.
    .init(ic: 16, ih: 30, iw: 56, oc: 64, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(ic: 48, ih: 27, iw: 27, oc: 96, kh: 3, kw: 3, ph: 1, pw: 1),
    .init(mb: 2, ic: 256, ih: 14, iw: 14, oc: 256, kh: 3, kw: 3, ph: 1, pw: 1),
  ]
}
