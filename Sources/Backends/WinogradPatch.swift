import KernelInterface
import WinogradAlgebra

/// The generated transforms of one tile size on the spectra of F(m×m, r×r): its own tiles, or narrower ones.
final class WinogradPatch: PatchTransform, @unchecked Sendable {
  let tileHeight: Int
  let tileWidth: Int
  let patchHeight: Int
  let patchWidth: Int
  let flops: (input: Double, output: Double)
  private let functions: WinogradFunctions

  /// - Parameters:
  ///   - wide: F(m×m, r×r).
  ///   - rows: it, or its `narrower`, down.
  ///   - columns: the same across.
  init(
    _ wide: WinogradAlgorithm, rows: WinogradAlgorithm, columns: WinogradAlgorithm,
    kernels: KernelContext
  ) {
    functions = kernels.winograd(wide.m, wide.r, rows.m, columns.m)
    precondition(functions.input != nil && functions.output != nil, "generated for every ISA")
    (tileHeight, tileWidth) = (rows.m, columns.m)
    (patchHeight, patchWidth) = (rows.alpha, columns.alpha)
    func operations(_ matrix: [[Rational]]) -> Int { StraightLineProgram(matrix).flops }
    flops = (
      Double(operations(rows.bt) * columns.alpha + operations(columns.bt) * rows.alpha),
      Double(
        operations(rows.at) * columns.alpha + operations(columns.at) * rows.m + rows.m * columns.m)
    )
  }

  func input(_ arguments: inout TransformArguments, scratch: UnsafeMutablePointer<Float>) {
    functions.input!(&arguments)
  }

  func output(_ arguments: inout TransformArguments, scratch: UnsafeMutablePointer<Float>) {
    functions.output!(&arguments)
  }
}
