import Convolution

extension Unsupported {
  /// The refusal of a dilated kernel, in pixels: descriptors count dilation from 0, `convolve` from 1.
  init(dilated p: ConvolutionProblem) {
    self.init("a dilated kernel, its taps \(p.dh + 1)x\(p.dw + 1) pixels apart; needs a dense one")
  }
}
