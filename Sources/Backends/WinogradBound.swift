import Convolution
import Dispatch
import WinogradAlgebra

/// `|err| ≤ (1 + 4/√ic)·u·S` with `S = |Aᵀ|[Σ_c (|G||g||Gᵀ|) ⊙ (|Bᵀ||d||B|)]|A|`, `u = 2⁻²⁴`: the
/// pipeline itself in float64 over absolute values.
///
/// The whole tile leaks into each output, so `Σ|x||w|` of the output alone would be no bound. With
/// many channels the roundings average out and errors stay below 0.2·u·S; the few roundings of a sum
/// over one or two channels do not (1.07·u·S was seen with 16 channels of which a corner saw little),
/// hence the factor. A bias adds its magnitude to S.
struct WinogradBound: ErrorBound {
  let algorithm: WinogradAlgorithm

  var isExactOnIntegers: Bool { false }

  private struct TileKey: Hashable {
    let n: Int
    let row: Int
    let column: Int
  }

  func bounds(
    at positions: [OutputPosition], reference: [ReferenceOutput], operands: ConvolutionOperands
  ) -> [Double] {
    let (p, m) = (operands.problem, algorithm.m)
    // Positions by output channel, then by tile: kernels are transformed once, spectra shared.
    let byChannel = Dictionary(grouping: positions.indices) { positions[$0].k }
    let channels = byChannel.keys.sorted()
    let tiles = Set(
      positions.map { TileKey(n: $0.n, row: $0.p / m, column: $0.q / m) })
    let matrices = AbsoluteMatrices(algorithm)
    var spectra: [Int: [TileKey: [Double]]] = [:]
    for g in Set(channels.map { $0 / p.ocPerGroup }) {
      spectra[g] = Dictionary(
        uniqueKeysWithValues: tiles.map { ($0, spectrum(of: $0, group: g, operands, matrices)) })
    }
    let result = UnsafeMutableBufferPointer<Double>.allocate(capacity: positions.count)
    result.initialize(repeating: 0)
    defer { result.deallocate() }
    // Safety: every iteration writes the results of its own output channel's positions.
    nonisolated(unsafe) let (output, shared) = (result, operands)
    let known = spectra
    let factor = SummationBound.unitRoundoff * (1 + 4 / Double(p.icPerGroup).squareRoot())
    DispatchQueue.concurrentPerform(iterations: channels.count) { iteration in
      let k = channels[iteration]
      let kernels = (0..<p.icPerGroup).map { c in
        matrices.kernel(shared.wei + (k * p.icPerGroup + c) * p.kh * p.kw)
      }
      var tileBounds: [TileKey: [Double]] = [:]
      for i in byChannel[k]! {
        let at = positions[i]
        let key = TileKey(n: at.n, row: at.p / m, column: at.q / m)
        let bounds =
          tileBounds[key] ?? matrices.output(known[k / p.ocPerGroup]![key]!, kernels)
        tileBounds[key] = bounds
        let bias = shared.bias.map { abs(Double($0[k])) } ?? 0
        output[i] = factor * (bounds[at.p % m * m + at.q % m] + bias)
      }
    }
    return Array(result)
  }

  /// `|Bᵀ||d||B|` of every channel of a group, one after the other.
  private func spectrum(
    of tile: TileKey, group: Int, _ operands: ConvolutionOperands, _ matrices: AbsoluteMatrices
  ) -> [Double] {
    let (p, alpha) = (operands.problem, algorithm.alpha)
    var result: [Double] = []
    result.reserveCapacity(p.icPerGroup * alpha * alpha)
    for c in 0..<p.icPerGroup {
      var patch = [Double](repeating: 0, count: alpha * alpha)
      for i in 0..<alpha {
        let y = tile.row * algorithm.m + i - p.ph
        guard y >= 0, y < p.ih else { continue }
        for j in 0..<alpha {
          let x = tile.column * algorithm.m + j - p.pw
          guard x >= 0, x < p.iw else { continue }
          let channel = tile.n * p.ic + group * p.icPerGroup + c
          patch[i * alpha + j] = abs(Double(operands.src[(channel * p.ih + y) * p.iw + x]))
        }
      }
      result += matrices.input(patch)
    }
    return result
  }
}

/// Absolute values of an algorithm's matrices, and the products with them.
struct AbsoluteMatrices: Sendable {
  private let m: Int
  private let alpha: Int
  private let r: Int
  private let at: [[Double]]
  private let g: [[Double]]
  private let bt: [[Double]]

  init(_ algorithm: WinogradAlgorithm) {
    (m, alpha, r) = (algorithm.m, algorithm.alpha, algorithm.r)
    at = algorithm.at.map { $0.map { abs($0.doubleValue) } }
    g = algorithm.g.map { $0.map { abs($0.doubleValue) } }
    bt = algorithm.bt.map { $0.map { abs($0.doubleValue) } }
  }

  func input(_ patch: [Double]) -> [Double] { sandwich(bt, patch) }

  func kernel(_ kernel: UnsafePointer<Float>) -> [Double] {
    sandwich(g, (0..<r * r).map { abs(Double(kernel[$0])) })
  }

  func output(_ spectrum: [Double], _ kernels: [[Double]]) -> [Double] {
    var sums = [Double](repeating: 0, count: alpha * alpha)
    for (c, kernel) in kernels.enumerated() {
      for i in sums.indices { sums[i] += spectrum[c * sums.count + i] * kernel[i] }
    }
    return sandwich(at, sums)
  }

  func input(ofRow x: [Double]) -> [Double] { product(bt, x) }
  func kernel(ofRow x: [Double]) -> [Double] { product(g, x) }
  func output(ofRow x: [Double]) -> [Double] { product(at, x) }

  private func product(_ matrix: [[Double]], _ x: [Double]) -> [Double] {
    matrix.map { row in zip(row, x).reduce(0.0) { $0 + $1.0 * $1.1 } }
  }

  /// `M x Mᵀ` for a square x.
  private func sandwich(_ matrix: [[Double]], _ x: [Double]) -> [Double] {
    let (rows, size) = (matrix.count, matrix[0].count)
    var half = [Double](repeating: 0, count: rows * size)
    for i in 0..<rows {
      for k in 0..<size where matrix[i][k] != 0 {
        for j in 0..<size { half[i * size + j] += matrix[i][k] * x[k * size + j] }
      }
    }
    var result = [Double](repeating: 0, count: rows * rows)
    for i in 0..<rows {
      for j in 0..<rows {
        for k in 0..<size { result[i * rows + j] += half[i * size + k] * matrix[j][k] }
      }
    }
    return result
  }
}
