import COneDNN
import Convolution
import WinogradAlgebra

/// A compiled oneDNN convolution and the memory in which it works.
///
/// oneDNN blocks the channels of all groups together, so its tensors have one group.
final class OneDNNPlan: ConvolutionPlan {
  let variant: String
  let src: TensorDescription
  let dst: TensorDescription
  let weightsBytes: Int
  let workspaceBytes: Int
  let executedFLOPs: Double
  let errorBound: any ErrorBound

  private let convolution: OneDNNConvolution
  private let weights: AlignedBuffer
  private let bias: AlignedBuffer
  private let scratch: AlignedBuffer
  private let innerSrc: AlignedBuffer
  private let innerDst: AlignedBuffer

  init(
    _ p: ConvolutionProblem, _ options: PlanOptions, _ convolution: OneDNNConvolution
  ) throws(PlanError) {
    self.convolution = convolution
    let algorithm = convolution.isWinograd ? "winograd" : "direct"
    variant = "\(algorithm) \(convolution.implementation) \(convolution.layoutText)"
    src = convolution.src
    dst = convolution.dst
    let sizes = convolution.sizes
    do {
      weights = try AlignedBuffer(count: (sizes.weights + 3) / 4)
      bias = try AlignedBuffer(count: p.oc)
      scratch = try AlignedBuffer(count: (sizes.scratch + 3) / 4)
      innerSrc = try AlignedBuffer(count: sizes.src / 4)
      innerDst = try AlignedBuffer(count: sizes.dst / 4)
    } catch { throw .memory(error) }
    weightsBytes = sizes.weights + (options.bias ? bias.byteCount : 0)
    workspaceBytes = sizes.scratch + sizes.src + sizes.dst
    if convolution.isWinograd {
      let algorithm = Self.winogradAlgorithm(convolution.implementation)
      executedFLOPs = Self.winogradFLOPs(p, algorithm)
      errorBound = WinogradBound(WinogradTiles(algorithm))
    } else {
      executedFLOPs = p.flops
      errorBound = SummationBound()
    }
    try convolution.compile(
      onednn_memory(
        weights: weights.baseAddress, bias: bias.baseAddress, scratch: scratch.baseAddress,
        src: innerSrc.baseAddress, dst: innerDst.baseAddress))
  }

  func prepare(wei: UnsafePointer<Float>, bias source: UnsafePointer<Float>?) {
    if let source { bias.baseAddress.update(from: source, count: bias.count) }
    convolution.pack(wei)
  }

  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    convolution.execute(src, dst)
  }

  /// F(2×2,3×3) or F(4×4,3×3), told apart by name. oneDNN's interpolation points are 0, ±5/8 and ±3/2
  /// (its kernel transform has 1/(5/8 · 3/2)² = 1.1378 in its corner), as ours; how it scales rows
  /// cancels out of the bound.
  private static func winogradAlgorithm(_ implementation: String) -> WinogradAlgorithm {
    let m = implementation.contains("2x3") ? 2 : 4
    return WinogradAlgorithm.generated.first { $0.m == m && $0.r == 3 }!
  }

  /// Products of whole tiles, and transforms as if they were ours; oneDNN's own count is not known.
  private static func winogradFLOPs(
    _ p: ConvolutionProblem, _ algorithm: WinogradAlgorithm
  ) -> Double {
    let (m, alpha) = (algorithm.m, algorithm.alpha)
    let grid = TileGrid(p, tileHeight: m, tileWidth: m)
    let input = StraightLineProgram(algorithm.bt).flops * 2 * alpha
    let output = StraightLineProgram(algorithm.at).flops * (alpha + m)
    let perTile = 2 * alpha * alpha * p.ic * p.ocPerGroup + input * p.ic + output * p.oc
    return Double(grid.count) * Double(perTile)
  }
}
