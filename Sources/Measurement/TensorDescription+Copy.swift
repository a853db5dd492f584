import Convolution

extension TensorDescription {
  /// Elements between neighbours in a row.
  var pixelStride: Int {
    switch layout {
    case .nchw: 1
    case .blocked(let lanes): lanes
    }
  }

  /// Channels of all groups.
  var allChannels: Int { groups * channels }

  /// Offset in elements of an output.
  func offset(of position: OutputPosition) -> Int {
    offset(n: position.n, c: position.k, y: position.p, x: position.q)
  }

  /// Writes the plain NCHW tensor `plain` in this layout; filling lanes are left as they are.
  func store(_ plain: UnsafePointer<Float>, to stored: UnsafeMutablePointer<Float>) {
    let pixels = height * width
    for n in 0..<mb {
      for c in 0..<allChannels {
        let from = plain + (n * allChannels + c) * pixels
        let to = stored + offset(n: n, c: c, y: 0, x: 0)
        for i in 0..<pixels { to[i * pixelStride] = from[i] }
      }
    }
  }

  /// The position whose element is stored at `index`; nil for the filling of a last block.
  ///
  /// Searches: only for messages about elements that are wrong.
  func position(ofStored index: Int) -> OutputPosition? {
    for n in 0..<mb {
      for c in 0..<allChannels {
        let first = offset(n: n, c: c, y: 0, x: 0)
        let (pixel, rest) = (index - first).quotientAndRemainder(dividingBy: pixelStride)
        guard index >= first, rest == 0, pixel < height * width else { continue }
        return OutputPosition(n: n, k: c, p: pixel / width, q: pixel % width)
      }
    }
    return nil
  }
}

extension OutputPosition {
  /// `n=0 k=3 p=12 q=5`, for messages.
  var text: String { "n=\(n) k=\(k) p=\(p) q=\(q)" }
}
