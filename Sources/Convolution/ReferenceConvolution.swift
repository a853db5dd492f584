import Dispatch

/// The truth: naive loops with float64 accumulation.
public enum ReferenceConvolution {
  /// Computes the outputs at `positions`, spread over `threads` threads.
  ///
  /// Each product of two float32 values is exact in float64, so the only error is that of the
  /// float64 sum: below `n·2⁻⁵³·Σ|x||w|`.
  public static func evaluate(
    _ operands: ConvolutionOperands, at positions: [OutputPosition], threads: Int
  ) -> [ReferenceOutput] {
    let results = UnsafeMutableBufferPointer<ReferenceOutput>.allocate(capacity: positions.count)
    defer { results.deallocate() }
    // Safety: each iteration writes its own range of `results`; operands are only read.
    nonisolated(unsafe) let shared = operands
    nonisolated(unsafe) let output = results
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      let range = share(of: positions.count, part: thread, parts: threads)
      for i in range { (output.baseAddress! + i).initialize(to: evaluate(shared, positions[i])) }
    }
    return Array(results)
  }

  /// Every output position, in NCHW order.
  public static func allPositions(_ p: ConvolutionProblem) -> [OutputPosition] {
    var positions: [OutputPosition] = []
    positions.reserveCapacity(p.dstCount)
    for n in 0..<p.mb {
      for k in 0..<p.oc {
        for row in 0..<p.oh {
          for column in 0..<p.ow {
            positions.append(OutputPosition(n: n, k: k, p: row, q: column))
          }
        }
      }
    }
    return positions
  }

  /// The `part`-th of `parts` nearly equal contiguous shares of `count` items.
  static func share(of count: Int, part: Int, parts: Int) -> Range<Int> {
    let (size, rest) = count.quotientAndRemainder(dividingBy: parts)
    let start = part * size + min(part, rest)
    return start..<start + size + (part < rest ? 1 : 0)
  }

  private static func evaluate(
    _ operands: ConvolutionOperands, _ at: OutputPosition
  ) -> ReferenceOutput {
    let p = operands.problem
    let group = at.k / p.ocPerGroup
    let rows = taps(first: at.p * p.sh - p.ph, step: p.dh + 1, kernel: p.kh, size: p.ih)
    let columns = taps(first: at.q * p.sw - p.pw, step: p.dw + 1, kernel: p.kw, size: p.iw)
    let bias = operands.bias.map { Double($0[at.k]) } ?? 0
    var value = bias
    var magnitude = abs(bias)
    for c in 0..<p.icPerGroup {
      let image = operands.src + (at.n * p.ic + group * p.icPerGroup + c) * p.ih * p.iw
      let kernel = operands.wei + (at.k * p.icPerGroup + c) * p.kh * p.kw
      for r in rows {
        let y = at.p * p.sh - p.ph + r * (p.dh + 1)
        for s in columns {
          let x = at.q * p.sw - p.pw + s * (p.dw + 1)
          let product = Double(image[y * p.iw + x]) * Double(kernel[r * p.kw + s])
          value += product
          magnitude += abs(product)
        }
      }
    }
    return ReferenceOutput(value: operands.relu ? max(value, 0) : value, magnitude: magnitude)
  }

  /// The taps that fall inside the image: `0 ≤ first + tap·step < size`.
  private static func taps(first: Int, step: Int, kernel: Int, size: Int) -> Range<Int> {
    let low = first >= 0 ? 0 : (-first + step - 1) / step
    let high = first >= size ? 0 : min(kernel, (size - first + step - 1) / step)
    return low..<max(low, high)
  }
}
