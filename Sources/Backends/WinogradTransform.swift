import Convolution
import KernelInterface
import WinogradAlgebra

/// F(m×m, r×r) with the generated kernels of one instruction set, alone or with narrower tiles at the end of rows and
/// of columns.
final class WinogradTransform: TileTransform, TileShape, @unchecked Sendable {
  let tiles: WinogradTiles
  private let patches: [TileSides: WinogradPatch]
  private let wide: WinogradPatch
  private let g: [[Double]]
  let kernelTransform: KernelTransform?

  init(_ tiles: WinogradTiles, kernels: KernelContext) {
    self.tiles = tiles
    let (wide, narrow) = (tiles.wide, tiles.narrow)
    func patch(_ sides: TileSides) -> WinogradPatch {
      WinogradPatch(
        wide, rows: sides.rows ? narrow! : wide, columns: sides.columns ? narrow! : wide,
        kernels: kernels)
    }
    self.wide = patch(TileSides())
    patches = Dictionary(
      uniqueKeysWithValues: (narrow == nil ? [] : TileSides.narrow).map { ($0, patch($0)) })
    g = wide.g.map { $0.map(\.doubleValue) }
    kernelTransform = kernels.winograd_kernels(wide.m, wide.r).map {
      KernelTransform(
        taps: wide.r * wide.r,
        flops: Double(StraightLineProgram(wide.g).flops * (wide.r + wide.alpha)), function: $0)
    }
  }

  private var algorithm: WinogradAlgorithm { tiles.wide }
  var name: String { tiles.name }
  /// Moving the planes costs more than computing them.
  func transformCycles(planes: Int) -> (input: Double, output: Double) {
    (6 * Double(planes), 4 * Double(planes))
  }
  var tileHeight: Int { wide.tileHeight }
  var tileWidth: Int { wide.tileWidth }
  var patchHeight: Int { wide.patchHeight }
  var patchWidth: Int { wide.patchWidth }
  var flops: (input: Double, output: Double) { wide.flops }
  var planes: Int { algorithm.alpha * algorithm.alpha }
  var weightPlanes: Int { planes }
  var scratchCount: Int { 0 }

  func division(of problem: ConvolutionProblem) -> TileDivision { tiles.division(of: problem) }

  func wideOnly(plane: Int) -> TileSides {
    guard let narrow = tiles.narrow else { return TileSides() }
    let (row, column) = plane.quotientAndRemainder(dividingBy: algorithm.alpha)
    let missing = narrow.alpha - 1..<algorithm.alpha - 1
    return TileSides(rows: missing.contains(row), columns: missing.contains(column))
  }

  func patches(narrow sides: TileSides) -> any PatchTransform { patches[sides] ?? wide }

  func input(_ arguments: inout TransformArguments, scratch: UnsafeMutablePointer<Float>) {
    wide.input(&arguments, scratch: scratch)
  }

  func output(_ arguments: inout TransformArguments, scratch: UnsafeMutablePointer<Float>) {
    wide.output(&arguments, scratch: scratch)
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
