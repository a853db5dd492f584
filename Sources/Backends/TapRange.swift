import Convolution

/// Which outputs along an axis have a tap inside the image, and how far taps reach.
enum TapRange {
  /// Source pixels along an axis from the first tap of the first output to the last of the last.
  static func reach(_ outputs: Int, _ stride: Int, _ kernel: Int, _ dilation: Int) -> Int {
    (outputs - 1) * stride + ConvolutionProblem.span(kernel: kernel, dilation: dilation)
  }

  /// Indices i < count with `0 ≤ first + i·step < size`.
  static func inside(first: Int, step: Int, count: Int, size: Int) -> Range<Int> {
    let low = min(count, first >= 0 ? 0 : (-first + step - 1) / step)
    let high = first >= size ? 0 : min(count, (size - first + step - 1) / step)
    return low..<max(low, high)
  }
}

extension ConvolutionProblem {
  /// Rows of taps that lie inside the image for output row `row`.
  func tapRows(_ row: Int) -> Range<Int> {
    TapRange.inside(first: row * sh - ph, step: dh + 1, count: kh, size: ih)
  }

  /// Output columns for which column `s` of taps lies inside the image.
  func tapColumns(_ s: Int) -> Range<Int> {
    TapRange.inside(first: s * (dw + 1) - pw, step: sw, count: ow, size: iw)
  }
}
