import Convolution

/// In what order a transform-domain convolution does its work.
enum TransformSchedule: Hashable, Sendable {
  /// A thread takes a block of tiles through input transform, products and output transform; spectra
  /// never leave its L2, but the transformed weights pass by once a block.
  case fused(tiles: Int)
  /// All threads together transform `tiles` tiles, multiply plane by plane, transform back;
  /// transformed weights pass by once, spectra go through L3.
  case staged(tiles: Int)
  /// Strips of rows, `tiles` of them at a time, are transformed back in the registers that summed them (`StripPlan`,
  /// `StripRowsPlan`).
  case rows(tiles: Int)

  var tiles: Int {
    switch self {
    case .fused(let tiles), .staged(let tiles), .rows(let tiles): tiles
    }
  }

  /// The names that schedules of 2-D tiles are forced by.
  static let names = [TransformSchedule.fused(tiles: 0), .staged(tiles: 0)].map(\.name)

  /// Whether NCHW images are transposed whole, before and after, instead of piece by piece: rows
  /// shorter than two squares are dear to transpose one by one.
  func turnsImages(_ problem: ConvolutionProblem, lanes: Int) -> Bool {
    if case .staged = self { return true }
    return min(problem.iw, problem.ow) < 2 * lanes
  }

  var name: String {
    switch self {
    case .fused: "fused"
    case .staged: "staged"
    case .rows: "rows"
    }
  }
}
