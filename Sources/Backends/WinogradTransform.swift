import Convolution
import KernelInterface
import WinogradAlgebra

/// F(m×m, r×r) with the generated kernels of one instruction set.
final class WinogradTransform: TileTransform, TileShape, @unchecked Sendable {
  let algorithm: WinogradAlgorithm
  let flops: (input: Double, output: Double)
  private let functions: WinogradFunctions
  private let g: [[Double]]

  init(_ algorithm: WinogradAlgorithm, kernels: KernelContext) {
    self.algorithm = algorithm
    functions = kernels.winograd(algorithm.m, algorithm.r)
    precondition(functions.input != nil && functions.output != nil, "generated for every ISA")
    g = algorithm.g.map { $0.map(\.doubleValue) }
    let (alpha, m) = (algorithm.alpha, algorithm.m)
    let (bt, at) = (StraightLineProgram(algorithm.bt), StraightLineProgram(algorithm.at))
    flops = (Double(bt.flops * 2 * alpha), Double(at.flops * (alpha + m) + m * m))
  }

  var name: String { "f\(algorithm.m)" }
  /// Moving the planes costs more than computing them.
  var transformCycles: (input: Double, output: Double) {
    (6 * Double(planes), 4 * Double(planes))
  }
  var tileHeight: Int { algorithm.m }
  var tileWidth: Int { algorithm.m }
  var patchHeight: Int { algorithm.alpha }
  var patchWidth: Int { algorithm.alpha }
  var planes: Int { algorithm.alpha * algorithm.alpha }
  var weightPlanes: Int { planes }
  var scratchCount: Int { 0 }

  func input(_ arguments: inout TransformArguments, scratch: UnsafeMutablePointer<Float>) {
    functions.input!(&arguments)
  }

  func output(_ arguments: inout TransformArguments, scratch: UnsafeMutablePointer<Float>) {
    functions.output!(&arguments)
  }

  /// `G g Gᵀ` in float64, rounded once.
  func weights(
    _ kernel: UnsafePointer<Float>, to spectrum: UnsafeMutablePointer<Float>
  ) {
    let (alpha, r) = (algorithm.alpha, algorithm.r)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: alpha * r) { half in
      for i in 0..<alpha {
        for j in 0..<r {
          half[i * r + j] = (0..<r).reduce(0.0) { $0 + g[i][$1] * Double(kernel[$1 * r + j]) }
        }
      }
      for i in 0..<alpha {
        for j in 0..<alpha {
          let value = (0..<r).reduce(0.0) { $0 + half[i * r + $1] * g[j][$1] }
          spectrum[i * alpha + j] = Float(value)
        }
      }
    }
  }
}
