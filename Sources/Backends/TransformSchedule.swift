import Convolution

/// In what order a transform-domain convolution does its work.
enum TransformSchedule: Hashable, Sendable {
  /// A thread takes a block of tiles through input transform, products and output transform; spectra
  /// never leave its L2, but the transformed weights pass by once a block.
  case fused(tiles: Int)
  /// All threads together transform `tiles` tiles, multiply plane by plane, transform back;
  /// transformed weights pass by once, spectra go through L3.
  case staged(tiles: Int)
  /// As staged, but of the weights only the kernels are kept: each thread transforms those of some channels and
  /// multiplies with them while they are in its L2, once for every `tiles` tiles.
  case raw(tiles: Int)
  /// Strips of rows, `tiles` of them at a time, are transformed back in the registers that summed them (`StripPlan`,
  /// `StripRowsPlan`).
  case rows(tiles: Int)

  var tiles: Int {
    switch self {
    case .fused(let tiles), .staged(let tiles), .raw(let tiles), .rows(let tiles): tiles
    }
  }

  /// The names that schedules of 2-D tiles are forced by.
  static let names = [TransformSchedule.fused(tiles: 0), .staged(tiles: 0)].map(\.name)
  /// The same where kernels can be transformed on the way.
  static let namesWithRaw = names + [TransformSchedule.raw(tiles: 0).name]

  /// Whether NCHW images are transposed whole, before and after, instead of piece by piece: rows
  /// shorter than two squares are dear to transpose one by one.
  func turnsImages(_ problem: ConvolutionProblem, lanes: Int) -> Bool {
    switch self {
    case .staged, .raw: return true
    case .fused, .rows: break
    }
    return min(problem.iw, problem.ow) < 2 * lanes
  }

  /// Whether weights are kept as kernels, and transformed on the way.
  var keepsKernels: Bool {
    if case .raw = self { return true }
    return false
  }

  var name: String {
    switch self {
    case .fused: "fused"
    case .staged: "staged"
    case .raw: "raw"
    case .rows: "rows"
    }
  }
}
