import Convolution

extension ConvolutionProblem {
  /// The same sums with the image as one long row, where no tap reaches beyond its own pixel
  /// (1×1, stride 1, no padding); itself otherwise. The tensors lie alike in memory.
  var flattened: ConvolutionProblem {
    guard isOwnLowering,
      let flat = try? ConvolutionProblem(
        mb: mb, g: g, ic: ic, ih: 1, iw: ih * iw, oc: oc, kh: 1, kw: 1)
    else { return self }
    return flat
  }

  /// Whether the image is its own im2col matrix: a 1×1 kernel at stride 1 without padding.
  var isOwnLowering: Bool { kh == 1 && kw == 1 && sh == 1 && sw == 1 && !isPadded }
}
