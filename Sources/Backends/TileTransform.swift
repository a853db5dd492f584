import Convolution
import KernelInterface

/// What a plane of spectra is multiplied with: a plane of weights, or the sum of that and the next.
struct PlaneWeights {
  let plane: Int
  var isSum = false
}

/// What an algorithm does to one tile of one size and one block of channels.
protocol PatchTransform: AnyObject, Sendable {
  /// Output rows of a tile.
  var tileHeight: Int { get }
  /// Output columns of a tile.
  var tileWidth: Int { get }
  /// Source rows that a tile reads.
  var patchHeight: Int { get }
  /// Source columns that a tile reads.
  var patchWidth: Int { get }
  /// Floating-point operations of both transforms for one tile and channel: (input, output).
  var flops: (input: Double, output: Double) { get }

  /// Source patch → spectrum.
  func input(_ arguments: inout TransformArguments, scratch: UnsafeMutablePointer<Float>)
  /// Spectrum of sums → output tile, bias and ReLU applied.
  func output(_ arguments: inout TransformArguments, scratch: UnsafeMutablePointer<Float>)
}

/// What a transform-domain algorithm does.
///
/// `dst tile = output(Σ_c weights(k,c) ⊙ input(src patch c))`: Winograd and FFT differ only here. A
/// spectrum has `planes` real values; the products are real matrix products, one a plane. Planes whose weights are
/// sums follow those of the two.
protocol TileTransform: PatchTransform, PlanarTile {
  /// The transforms of tiles that are narrow on `sides`.
  func patches(narrow sides: TileSides) -> any PatchTransform
  /// The weights of a plane.
  func weights(ofPlane plane: Int) -> PlaneWeights
  /// Floats of scratch memory that one thread needs.
  var scratchCount: Int { get }
  /// The spectrum of one kernel, `weightPlanes` values.
  func weights(
    _ kernel: UnsafePointer<Float>, to spectrum: UnsafeMutablePointer<Float>)
}

extension TileTransform {
  func patches(narrow sides: TileSides) -> any PatchTransform { self }
  func weights(ofPlane plane: Int) -> PlaneWeights { PlaneWeights(plane: plane) }
}
