import Convolution

/// A strided convolution as one of stride 1 with more channels and a smaller kernel.
///
/// With `ph' = sh·⌈ph/sh⌉`, `o = ph' − ph` and `r + o = sh·R + ρ` (columns alike):
///
/// `Σ_r src[p·sh + r − ph]·wei[r] = Σ_ρ Σ_R src'[ρ][p + R − ph'/sh]·wei'[ρ][R]`,
/// `src'[ρ][y] = src[sh·y + ρ]`, `wei'[ρ][R] = wei[sh·R + ρ − o]`, zero outside either tensor.
///
/// 11×11 with stride 4 becomes 3×3 with 16 times the channels, which Winograd's algorithm takes.
struct SpaceToDepth: Sendable {
  let outer: ConvolutionProblem
  /// The problem of stride 1.
  let inner: ConvolutionProblem
  /// Rows and columns of the kernel that come before its first tap.
  private let top: Int
  private let left: Int
  /// Whether the pixels of a cell follow each other in the channels, or its channels do; the first
  /// suits plain rows, the second whole blocks of channels.
  let pixelsLast: Bool

  /// Nil where there is no stride, where there is dilation, and where no tap reads the image.
  init?(_ p: ConvolutionProblem, pixelsLast: Bool) {
    guard p.sh > 1 || p.sw > 1, p.dh == 0, p.dw == 0 else { return nil }
    outer = p
    self.pixelsLast = pixelsLast
    let rows = Axis(size: p.ih, kernel: p.kh, stride: p.sh, pad: p.ph, outputs: p.oh)
    let columns = Axis(size: p.iw, kernel: p.kw, stride: p.sw, pad: p.pw, outputs: p.ow)
    (top, left) = (rows.offset, columns.offset)
    guard rows.size > 0, columns.size > 0,
      let inner = try? ConvolutionProblem(
        mb: p.mb, g: p.g, ic: p.ic * p.sh * p.sw, ih: rows.size, iw: columns.size, oc: p.oc,
        kh: rows.kernel, kw: columns.kernel, ph: rows.pad, pw: columns.pad, phr: rows.padAfter,
        pwr: columns.padAfter)
    else { return nil }
    self.inner = inner
  }

  private struct Axis {
    let offset: Int
    let kernel: Int
    let pad: Int
    let size: Int
    let padAfter: Int

    init(size all: Int, kernel taps: Int, stride: Int, pad before: Int, outputs: Int) {
      pad = (before + stride - 1) / stride
      offset = pad * stride - before
      kernel = (taps + offset + stride - 1) / stride
      // What lies behind the last tap of the last output is never read.
      let read = outputs - 1 + kernel - pad
      size = min((all + stride - 1) / stride, read)
      padAfter = read - size
    }
  }

  /// The channel of `inner`, within its group, that holds pixel (`y`, `x`) of channel `c`'s cells.
  func channel(_ c: Int, y: Int, x: Int) -> Int {
    pixelsLast
      ? (y * outer.icPerGroup + c) * outer.sw + x : (y * outer.sw + x) * outer.icPerGroup + c
  }

  /// Weights of `inner`, plain.
  func weights(_ wei: UnsafePointer<Float>) -> [Float] {
    let (p, q) = (outer, inner)
    var result = [Float](repeating: 0, count: q.weiCount)
    for k in 0..<p.oc {
      for c in 0..<p.icPerGroup {
        for r in 0..<p.kh {
          for s in 0..<p.kw {
            let (y, x) = (r + top, s + left)
            let to = channel(c, y: y % p.sh, x: x % p.sw)
            result[((k * q.icPerGroup + to) * q.kh + y / p.sh) * q.kw + x / p.sw] =
              wei[((k * p.icPerGroup + c) * p.kh + r) * p.kw + s]
          }
        }
      }
    }
    return result
  }

  /// Source of `inner`, plain.
  func source(_ src: UnsafePointer<Float>) -> [Float] {
    let (p, q) = (outer, inner)
    var result = [Float](repeating: 0, count: q.srcCount)
    for image in 0..<p.mb * p.g {
      for c in 0..<p.icPerGroup {
        for y in 0..<min(p.ih, q.ih * p.sh) {
          for x in 0..<min(p.iw, q.iw * p.sw) {
            let to = image * q.icPerGroup + channel(c, y: y % p.sh, x: x % p.sw)
            result[(to * q.ih + y / p.sh) * q.iw + x / p.sw] =
              src[((image * p.icPerGroup + c) * p.ih + y) * p.iw + x]
          }
        }
      }
    }
    return result
  }
}

/// The bound of the problem without strides, on its operands.
struct SpaceToDepthBound: ErrorBound {
  let reshaping: SpaceToDepth
  let inner: any ErrorBound

  var isExactOnIntegers: Bool { inner.isExactOnIntegers }

  func bounds(
    at positions: [OutputPosition], reference: [ReferenceOutput], operands: ConvolutionOperands
  ) -> [Double] {
    let (src, wei) = (reshaping.source(operands.src), reshaping.weights(operands.wei))
    return src.withUnsafeBufferPointer { src in
      wei.withUnsafeBufferPointer { wei in
        inner.bounds(
          at: positions, reference: reference,
          operands: ConvolutionOperands(
            problem: reshaping.inner, src: src.baseAddress!, wei: wei.baseAddress!,
            bias: operands.bias, relu: operands.relu))
      }
    }
  }
}
