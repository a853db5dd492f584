import Convolution
import WinogradAlgebra

/// A backend that `auto` may choose, because its time and its error can be estimated.
protocol PredictableBackend: ConvolutionBackend {
  /// Estimated cycles of a call, for a problem and options that the backend takes.
  func estimatedCycles(_ problem: ConvolutionProblem, _ options: PlanOptions) -> Double
  /// A relative l2 error that normal data stay below.
  func expectedError(_ problem: ConvolutionProblem, _ options: PlanOptions) -> Double
}

/// Estimated cycles of a convolution as a matrix product.
///
/// `max(multiply-adds ÷ rate, weights ÷ their bandwidth) + moved bytes ÷ bandwidth`, on threads that
/// share the work evenly. A core does `2·lanes` multiply-adds a cycle and each algorithm a part of that,
/// its efficiency; weights come as fast as `TransformCost` says.
struct ProductCost {
  let problem: ConvolutionProblem
  let options: PlanOptions

  /// Bytes a cycle and thread of what is packed or lowered: written to L2 and read again.
  private static let packing = 12.0

  var lanes: Int { options.isa.kernels.lanes }

  /// Channels of a group's output in whole vectors.
  var outputLanes: Int { problem.g * options.isa.kernels.wholeVectors(problem.ocPerGroup) }

  /// Pixels of an image in whole vectors.
  var pixelLanes: Int { options.isa.kernels.wholeVectors(problem.oh * problem.ow) }

  /// - Parameters:
  ///   - multiplyAdds: those done, unused lanes counted.
  ///   - efficiency: the part of a core's rate that the algorithm reaches.
  ///   - moved: floats that are packed, lowered or reordered.
  ///   - streaming: the part of the weights' bandwidth that the algorithm reaches.
  func cycles(
    multiplyAdds: Double, efficiency: Double, moved: Double, streaming: Double = 1
  ) -> Double {
    let threads = Double(options.threads)
    let compute = multiplyAdds / Double(2 * lanes) / efficiency / threads
    let weights = Double(problem.weiCount) * 4
    let bandwidth = TransformCost.streaming(weights, options.threads) * threads * streaming
    return max(compute, weights / bandwidth) + moved * 4 / Self.packing / threads
  }
}

extension SummationBound {
  /// What sums of `terms` products of normal data stay below: rounding errors add up like a random
  /// walk. `growth` is the walk's step over `u = 2⁻²⁴`: 0.30 was measured for one running sum of any
  /// length on VGG-16 and AlexNet, 0.12 at most was seen of OpenBLAS, which adds up sums of blocks.
  static func expectedError(terms: Int, growth: Double = 0.4) -> Double {
    0x1p-24 * (4 + growth * Double(terms).squareRoot())
  }
}

extension DirectBackend: PredictableBackend {
  func estimatedCycles(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    let cost = ProductCost(problem: p, options: options)
    let pixels = Double(p.mb * p.oh * p.ow)
    let staysPlain = options.layout == .native || DirectRowsPlan.takes(p, options)
    let read = DirectSource.readsPlanes(p, options) ? 0 : p.mb * p.ic * p.oh * p.ow
    let moved = staysPlain ? 0 : Double((p.kh == 1 && p.kw == 1 ? read : p.srcCount) + p.dstCount)
    return cost.cycles(
      multiplyAdds: pixels * Double(cost.outputLanes) * Double(p.reduction), efficiency: 0.9,
      moved: moved)
  }

  func expectedError(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    SummationBound.expectedError(terms: p.reduction)
  }
}

extension Im2colBackend: PredictableBackend {
  func estimatedCycles(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    let lowered = Double(p.mb * p.g * p.oh * p.ow) * Double(p.reduction)
    return ProductCost(problem: p, options: options).cycles(
      multiplyAdds: Double(p.multiplyAdds), efficiency: 0.75, moved: p.isOwnLowering ? 0 : lowered,
      streaming: 0.85)
  }

  func expectedError(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    SummationBound.expectedError(terms: p.reduction, growth: 0.2)
  }
}

extension ImplicitGEMMBackend: PredictableBackend {
  func estimatedCycles(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    let cost = ProductCost(problem: p, options: options)
    let pixels = Double(p.mb * cost.pixelLanes)
    return cost.cycles(
      multiplyAdds: pixels * Double(p.oc) * Double(p.reduction), efficiency: 0.85,
      moved: ImplicitGEMMPlan.readsInPlace(p, options.isa.kernels)
        ? 0 : pixels * Double(p.g * p.reduction))
  }

  func expectedError(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    SummationBound.expectedError(terms: p.reduction)
  }
}

extension GEMM1x1Backend: PredictableBackend {
  func estimatedCycles(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    Self.takesDirectPlan(p, options)
      ? DirectBackend().estimatedCycles(p, options)
      : ImplicitGEMMBackend().estimatedCycles(p, options)
  }

  func expectedError(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    SummationBound.expectedError(terms: p.reduction)
  }
}

extension WinogradBackend: PredictableBackend {
  func estimatedCycles(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    cheapest(p, options).estimate.terms!.cycles
  }

  func expectedError(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    cheapest(p, options).expectedError
  }

  /// `growth·(2 + √ic)`: rounding errors of the sum over channels add up like a random walk. `growth`
  /// was measured on VGG-16, AlexNet and ResNet-50 (ic 3 to 384), with two sizes of tiles on GoogLeNet too, and is a
  /// sixth more than that here; `p` has no strides.
  static func expectedError(_ tiles: WinogradTiles, _ p: ConvolutionProblem) -> Double {
    let growth = errorGrowth[[tiles.wide.m, tiles.r] + (tiles.narrow.map { [$0.m] } ?? [])]!
    return growth * (2 + Double(p.icPerGroup).squareRoot())
  }

  /// The same along rows, where one axis is transformed: measured on 1 to 15 channels.
  static func expectedError(_ strips: StripGeometry) -> Double {
    stripErrorGrowth * (2 + Double(strips.problem.icPerGroup).squareRoot())
  }

  private static let stripErrorGrowth = 6.5e-8

  /// By m, r and the narrower m, if there is one; all generated tiles have a row.
  private static let errorGrowth: [[Int]: Double] = [
    [2, 3]: 3.6e-8, [3, 3]: 1.15e-7, [4, 3]: 1.0e-7, [5, 3]: 3.4e-7, [6, 3]: 4.1e-7,
    [2, 5]: 1.0e-7, [4, 5]: 3.6e-7,
    [4, 3, 3]: 1.2e-7, [5, 3, 4]: 3.5e-7, [6, 3, 4]: 4.1e-7, [4, 5, 3]: 3.6e-7,
  ]
}

extension FFTBackend: PredictableBackend {
  func estimatedCycles(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    cheapest(p, options).estimate.terms!.cycles
  }

  func expectedError(_ p: ConvolutionProblem, _ options: PlanOptions) -> Double {
    Self.expectedError(p)
  }

  /// Measured on VGG-16 and AlexNet: 5.5e-7 at most, growing with the channels as here.
  static func expectedError(_ p: ConvolutionProblem) -> Double {
    2e-7 + 2.5e-8 * Double(p.icPerGroup).squareRoot()
  }
}
