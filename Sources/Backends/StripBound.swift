import Convolution
import WinogradAlgebra

/// `|err| ≤ (1 + 4/√ic)·u·S` with `S = |Aᵀ|[Σ_{c,r} (|G||g|) ⊙ (|Bᵀ||d|)]`, `u = 2⁻²⁴`, over the rows of kernels and
/// of the source: `WinogradBound` for filtering along rows.
struct StripBound: ErrorBound {
  private let algorithm: WinogradAlgorithm
  /// From which on strips are those of the last tile of a row.
  private let lastPixel: Int

  init(_ geometry: StripGeometry) {
    (algorithm, lastPixel) = (geometry.algorithm, geometry.lastPixel)
  }

  var isExactOnIntegers: Bool { false }

  private struct StripKey: Hashable {
    let n: Int
    let group: Int
    let row: Int
    let firstPixel: Int
  }

  func bounds(
    at positions: [OutputPosition], reference: [ReferenceOutput], operands: ConvolutionOperands
  ) -> [Double] {
    let (p, m) = (operands.problem, algorithm.m)
    let matrices = AbsoluteMatrices(algorithm)
    let factor = SummationBound.unitRoundoff * (1 + 4 / Double(p.icPerGroup).squareRoot())
    var spectra: [StripKey: [Double]] = [:]
    var kernels: [Int: [Double]] = [:]
    return positions.map { at in
      // The last tile ends with the row; what it shares with the one before, it writes.
      let start = at.q >= lastPixel ? lastPixel : 0
      let firstPixel = start + (at.q - start) / m * m
      let key = StripKey(n: at.n, group: at.k / p.ocPerGroup, row: at.p, firstPixel: firstPixel)
      let spectrum = spectra[key] ?? spectrum(of: key, operands, matrices)
      spectra[key] = spectrum
      let kernel = kernels[at.k] ?? kernel(at.k, operands, matrices)
      kernels[at.k] = kernel
      var sums = [Double](repeating: 0, count: algorithm.alpha)
      for (i, value) in spectrum.enumerated() { sums[i % sums.count] += value * kernel[i] }
      let bias = operands.bias.map { abs(Double($0[at.k])) } ?? 0
      return factor * (matrices.output(ofRow: sums)[at.q - firstPixel] + bias)
    }
  }

  /// `|Bᵀ||d|` of every channel and tap down, one after the other.
  private func spectrum(
    of strip: StripKey, _ operands: ConvolutionOperands, _ matrices: AbsoluteMatrices
  ) -> [Double] {
    let p = operands.problem
    return (0..<p.icPerGroup).flatMap { c in
      (0..<p.kh).flatMap { r in
        let y = strip.row + r - p.ph
        let channel = strip.n * p.ic + strip.group * p.icPerGroup + c
        return matrices.input(
          ofRow: (0..<algorithm.alpha).map { j in
            let x = strip.firstPixel + j - p.pw
            guard y >= 0, y < p.ih, x >= 0, x < p.iw else { return 0 }
            return abs(Double(operands.src[(channel * p.ih + y) * p.iw + x]))
          })
      }
    }
  }

  /// `|G||g|` in the same order.
  private func kernel(
    _ k: Int, _ operands: ConvolutionOperands, _ matrices: AbsoluteMatrices
  ) -> [Double] {
    let p = operands.problem
    return (0..<p.icPerGroup * p.kh).flatMap { row in
      matrices.kernel(
        ofRow: (0..<p.kw).map {
          abs(Double(operands.wei[(k * p.icPerGroup * p.kh + row) * p.kw + $0]))
        })
    }
  }
}
