import Convolution
import Glibc

/// `|err| ≤ u·(4·log₂ N + ic)·Σ_c ‖d_c‖₂‖g_c‖₂ + u·|bias|`, `d_c` the patch of N points of channel c, `g_c` its kernel.
///
/// An FFT of N points has a relative error of order `u·log₂ N` in the 2-norm (Higham, §24.1); Gauss's
/// products and both directions are in the factor 4, the sum over channels adds at most `ic·u`.
struct FFTBound: ErrorBound {
  let geometry: FFTGeometry

  var isExactOnIntegers: Bool { false }

  private struct TileKey: Hashable {
    let n: Int
    let group: Int
    let row: Int
    let column: Int
  }

  func bounds(
    at positions: [OutputPosition], reference: [ReferenceOutput], operands: ConvolutionOperands
  ) -> [Double] {
    let p = operands.problem
    let factor =
      SummationBound.unitRoundoff
      * (4 * log2(Double(geometry.points)) + Double(p.icPerGroup))
    var patches: [TileKey: [Double]] = [:]
    var kernels: [Int: [Double]] = [:]
    return positions.map { at in
      let key = TileKey(
        n: at.n, group: at.k / p.ocPerGroup, row: at.p / geometry.tileHeight,
        column: at.q / geometry.tileWidth)
      let patch = patches[key] ?? patchNorms(key, operands)
      patches[key] = patch
      let kernel = kernels[at.k] ?? kernelNorms(at.k, operands)
      kernels[at.k] = kernel
      let sum = zip(patch, kernel).reduce(0.0) { $0 + $1.0 * $1.1 }
      let bias = operands.bias.map { abs(Double($0[at.k])) } ?? 0
      return factor * sum + SummationBound.unitRoundoff * (bias + sum)
    }
  }

  private func patchNorms(_ tile: TileKey, _ operands: ConvolutionOperands) -> [Double] {
    let p = operands.problem
    let (top, left) = (
      tile.row * geometry.tileHeight - p.ph, tile.column * geometry.tileWidth - p.pw
    )
    return (0..<p.icPerGroup).map { c in
      let plane = operands.src + (tile.n * p.ic + tile.group * p.icPerGroup + c) * p.ih * p.iw
      var sum = 0.0
      for y in max(0, top)..<max(0, top, min(p.ih, top + geometry.height)) {
        for x in max(0, left)..<max(0, left, min(p.iw, left + geometry.width)) {
          sum += Double(plane[y * p.iw + x]) * Double(plane[y * p.iw + x])
        }
      }
      return sum.squareRoot()
    }
  }

  private func kernelNorms(_ k: Int, _ operands: ConvolutionOperands) -> [Double] {
    let p = operands.problem
    let taps = p.kh * p.kw
    return (0..<p.icPerGroup).map { c in
      let kernel = operands.wei + (k * p.icPerGroup + c) * taps
      return (0..<taps).reduce(0.0) { $0 + Double(kernel[$1]) * Double(kernel[$1]) }.squareRoot()
    }
  }
}
