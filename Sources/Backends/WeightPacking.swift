import Convolution

/// One vector column of a packed weight matrix.
struct WeightColumn {
  /// First output channel, within its group.
  let firstChannel: Int
  /// Vectors of output channels.
  let vectors: Int
}

/// Writes `[step][vectors·lanes]` for one column: step `s` of the reduction and output channel `k`
/// hold `weight(k, s)`; channels past `channels` are zero.
func packColumn(
  _ column: WeightColumn, steps: Int, channels: Int, lanes: Int,
  to dst: UnsafeMutablePointer<Float>, weight: (_ channel: Int, _ step: Int) -> Float
) {
  let width = column.vectors * lanes
  for step in 0..<steps {
    for lane in 0..<width {
      let channel = column.firstChannel + lane
      dst[step * width + lane] = channel < channels ? weight(channel, step) : 0
    }
  }
}

/// Copies `oc` biases, each group's filled up with zeros to whole vectors.
func scatterBias(
  _ source: UnsafePointer<Float>, _ problem: ConvolutionProblem, lanes: Int, to bias: AlignedBuffer
) {
  let stored = (problem.ocPerGroup + lanes - 1) / lanes * lanes
  for k in 0..<problem.oc {
    let (g, local) = k.quotientAndRemainder(dividingBy: problem.ocPerGroup)
    bias.elements[g * stored + local] = source[k]
  }
}
