import Convolution
import KernelInterface

/// The transform of kernels, a vector of them at a time.
struct KernelTransform {
  /// Values of a kernel.
  let taps: Int
  /// Floating-point operations for one kernel.
  let flops: Double
  let function: KernelTransformFunction
}

/// A tile with the planes of its spectrum.
protocol PlanarTile: Sendable {
  /// Output rows of a tile; of a wide one, where there are two sizes.
  var tileHeight: Int { get }
  /// Output columns of a tile.
  var tileWidth: Int { get }
  /// Real values of a spectrum, per channel.
  var planes: Int { get }
  /// Planes of weights: fewer where some are sums of others.
  var weightPlanes: Int { get }
  /// What transforms kernels while products wait for them; nil where there is no such code.
  var kernelTransform: KernelTransform? { get }
  /// How it divides an image.
  func division(of problem: ConvolutionProblem) -> TileDivision
  /// The sides on which only wide tiles have a plane.
  func wideOnly(plane: Int) -> TileSides
}

extension PlanarTile {
  func division(of problem: ConvolutionProblem) -> TileDivision {
    TileDivision(problem, tileHeight: tileHeight, tileWidth: tileWidth)
  }

  func wideOnly(plane: Int) -> TileSides { TileSides() }
  var kernelTransform: KernelTransform? { nil }

  /// How many planes only wide tiles have, by side.
  var planeCounts: [(wideOnly: TileSides, count: Int)] {
    (0..<planes).reduce(into: []) { counts, plane in
      let sides = wideOnly(plane: plane)
      if let index = counts.firstIndex(where: { $0.wideOnly == sides }) {
        counts[index].count += 1
      } else {
        counts.append((wideOnly: sides, count: 1))
      }
    }
  }

  /// How many planes each part of a division has.
  func planes(_ division: TileDivision) -> [Int] {
    let counts = planeCounts
    return division.parts.map { part in
      counts.reduce(0) { $0 + ($1.wideOnly.meets(part.sides) ? 0 : $1.count) }
    }
  }
}
