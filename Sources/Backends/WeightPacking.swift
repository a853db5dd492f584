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
