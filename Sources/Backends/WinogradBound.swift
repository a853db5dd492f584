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
  private let tiles: WinogradTiles

  init(_ tiles: WinogradTiles) { self.tiles = tiles }

  var isExactOnIntegers: Bool { false }

  private struct TileKey: Hashable {
    let n: Int
    let sides: TileSides
    /// The first output.
    let y: Int
    let x: Int

    init(_ at: OutputPosition, _ division: TileDivision) {
      let (row, column) = (division.rows.tile(of: at.p), division.columns.tile(of: at.q))
      n = at.n
      sides = TileSides(rows: row.isNarrow, columns: column.isNarrow)
      (y, x) = (row.start, column.start)
    }
  }

  private func algorithm(isNarrow: Bool) -> WinogradAlgorithm {
    isNarrow ? tiles.narrow! : tiles.wide
  }

  private func absolute(_ sides: TileSides) -> AbsoluteMatrices {
    AbsoluteMatrices(algorithm(isNarrow: sides.rows), algorithm(isNarrow: sides.columns))
  }

  func bounds(
    at positions: [OutputPosition], reference: [ReferenceOutput], operands: ConvolutionOperands
  ) -> [Double] {
    let p = operands.problem
    let division = tiles.division(of: p)
    // Positions by output channel, then by tile: kernels are transformed once, spectra shared.
    let byChannel = Dictionary(grouping: positions.indices) { positions[$0].k }
    let channels = byChannel.keys.sorted()
    let tiles = Set(positions.map { TileKey($0, division) })
    let matrices = Dictionary(
      uniqueKeysWithValues: Set(tiles.map(\.sides)).map { ($0, absolute($0)) })
    var spectra: [Int: [TileKey: [Double]]] = [:]
    for g in Set(channels.map { $0 / p.ocPerGroup }) {
      spectra[g] = Dictionary(
        uniqueKeysWithValues: tiles.map {
          ($0, spectrum(of: $0, group: g, operands, matrices[$0.sides]!))
        })
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
      let first = shared.wei + k * p.icPerGroup * p.kh * p.kw
      let kernels = matrices.mapValues { (matrices: AbsoluteMatrices) -> [[Double]] in
        (0..<p.icPerGroup).map { matrices.kernel(first + $0 * p.kh * p.kw) }
      }
      var tileBounds: [TileKey: [Double]] = [:]
      for i in byChannel[k]! {
        let at = positions[i]
        let key = TileKey(at, division)
        let matrices = matrices[key.sides]!
        let bounds =
          tileBounds[key]
          ?? matrices.output(known[k / p.ocPerGroup]![key]!, kernels[key.sides]!)
        tileBounds[key] = bounds
        let bias = shared.bias.map { abs(Double($0[k])) } ?? 0
        output[i] = factor * (bounds[(at.p - key.y) * matrices.columns.m + at.q - key.x] + bias)
      }
    }
    return Array(result)
  }

  /// `|Bᵀ||d||B|` of every channel of a group, one after the other.
  private func spectrum(
    of tile: TileKey, group: Int, _ operands: ConvolutionOperands, _ matrices: AbsoluteMatrices
  ) -> [Double] {
    let p = operands.problem
    let (height, width) = (matrices.rows.alpha, matrices.columns.alpha)
    var result: [Double] = []
    result.reserveCapacity(p.icPerGroup * height * width)
    for c in 0..<p.icPerGroup {
      var patch = [Double](repeating: 0, count: height * width)
      for i in 0..<height {
        let y = tile.y + i - p.ph
        guard y >= 0, y < p.ih else { continue }
        for j in 0..<width {
          let x = tile.x + j - p.pw
          guard x >= 0, x < p.iw else { continue }
          let channel = tile.n * p.ic + group * p.icPerGroup + c
          patch[i * width + j] = abs(Double(operands.src[(channel * p.ih + y) * p.iw + x]))
        }
      }
      result += matrices.input(patch)
    }
    return result
  }
}

/// Absolute values of an algorithm's matrices, down and across, and the products with them.
struct AbsoluteMatrices: Sendable {
  /// One axis.
  struct Axis: Sendable {
    let m: Int
    let alpha: Int
    let r: Int
    fileprivate let at: [[Double]]
    fileprivate let g: [[Double]]
    fileprivate let bt: [[Double]]

    fileprivate init(_ algorithm: WinogradAlgorithm) {
      (m, alpha, r) = (algorithm.m, algorithm.alpha, algorithm.r)
      at = algorithm.at.map { $0.map { abs($0.doubleValue) } }
      g = algorithm.g.map { $0.map { abs($0.doubleValue) } }
      bt = algorithm.bt.map { $0.map { abs($0.doubleValue) } }
    }
  }

  let rows: Axis
  let columns: Axis

  init(_ rows: WinogradAlgorithm, _ columns: WinogradAlgorithm) {
    self.rows = Axis(rows)
    self.columns = Axis(columns)
  }

  init(_ algorithm: WinogradAlgorithm) { self.init(algorithm, algorithm) }

  func input(_ patch: [Double]) -> [Double] { sandwich(rows.bt, patch, columns.bt) }

  func kernel(_ kernel: UnsafePointer<Float>) -> [Double] {
    sandwich(rows.g, (0..<rows.r * columns.r).map { abs(Double(kernel[$0])) }, columns.g)
  }

  func output(_ spectrum: [Double], _ kernels: [[Double]]) -> [Double] {
    var sums = [Double](repeating: 0, count: rows.alpha * columns.alpha)
    for (c, kernel) in kernels.enumerated() {
      for i in sums.indices { sums[i] += spectrum[c * sums.count + i] * kernel[i] }
    }
    return sandwich(rows.at, sums, columns.at)
  }

  func input(ofRow x: [Double]) -> [Double] { product(columns.bt, x) }
  func kernel(ofRow x: [Double]) -> [Double] { product(columns.g, x) }
  func output(ofRow x: [Double]) -> [Double] { product(columns.at, x) }

  private func product(_ matrix: [[Double]], _ x: [Double]) -> [Double] {
    matrix.map { row in zip(row, x).reduce(0.0) { $0 + $1.0 * $1.1 } }
  }

  /// `L x Rᵀ`
  private func sandwich(_ left: [[Double]], _ x: [Double], _ right: [[Double]]) -> [Double] {
    let (height, width) = (left[0].count, right[0].count)
    var half = [Double](repeating: 0, count: left.count * width)
    for i in left.indices {
      for k in 0..<height where left[i][k] != 0 {
        for j in 0..<width { half[i * width + j] += left[i][k] * x[k * width + j] }
      }
    }
    var result = [Double](repeating: 0, count: left.count * right.count)
    for i in left.indices {
      for j in right.indices {
        for k in 0..<width { result[i * right.count + j] += half[i * width + k] * right[j][k] }
      }
    }
    return result
  }
}
