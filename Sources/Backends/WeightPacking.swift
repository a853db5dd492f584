import Convolution

/// One vector column of a packed weight matrix.
struct WeightColumn {
  /// First output channel, within its group.
  let firstChannel: Int
  /// Vectors of output channels.
  let vectors: Int
  /// Whether two steps lie side by side for each output channel.
  var pairsSteps = false

  /// Where the weight of an output channel of the column lies.
  fileprivate func position(step: Int, lane: Int, lanes: Int) -> Int {
    let width = vectors * lanes
    guard pairsSteps else { return step * width + lane }
    return step / 2 * 2 * width + 2 * lane + step % 2
  }
}

/// Writes `[step][vectors·lanes]` for one column (`[step / 2][vectors·lanes][2]` in pairs): step `s` of the
/// reduction and output channel `k` hold `weight(k, s)`; channels past `channels` are zero.
func packColumn(
  _ column: WeightColumn, steps: Int, channels: Int, lanes: Int,
  to dst: UnsafeMutablePointer<Float>, weight: (_ channel: Int, _ step: Int) -> Float
) {
  let width = column.vectors * lanes
  for step in 0..<steps {
    for lane in 0..<width {
      let channel = column.firstChannel + lane
      let position = column.position(step: step, lane: lane, lanes: lanes)
      dst[position] = channel < channels ? weight(channel, step) : 0
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
