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

  /// The same sums with the image as `rows` long rows, or a few more where they divide it only so; as one
  /// where no such number leaves four pixels a row.
  ///
  /// - Parameter threads: rows are a multiple of these, if they can be.
  func flattened(rows: Int, threads: Int) -> ConvolutionProblem {
    let pixels = ih * iw
    guard isOwnLowering, rows > 1, pixels >= 4 * rows else { return flattened }
    let possible = (rows...pixels / 4).filter { pixels.isMultiple(of: $0) }
    guard let count = possible.first(where: { $0.isMultiple(of: threads) }) ?? possible.first,
      let flat = try? ConvolutionProblem(
        mb: mb, g: g, ic: ic, ih: count, iw: pixels / count, oc: oc, kh: 1, kw: 1)
    else { return flattened }
    return flat
  }

  /// The same sums over the pixels that strides leave of the source, for an unpadded 1×1 kernel with strides; else
  /// nil.
  var withoutStrides: ConvolutionProblem? {
    guard kh == 1, kw == 1, !isPadded, sh > 1 || sw > 1 else { return nil }
    return try? ConvolutionProblem(mb: mb, g: g, ic: ic, ih: oh, iw: ow, oc: oc, kh: 1, kw: 1)
  }

  /// Whether the image is its own im2col matrix: a 1×1 kernel at stride 1 without padding.
  var isOwnLowering: Bool { kh == 1 && kw == 1 && sh == 1 && sw == 1 && !isPadded }
}
