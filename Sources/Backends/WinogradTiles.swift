import Convolution
import WinogradAlgebra

/// The tiles of a Winograd convolution: of one algorithm, or of one and its narrower one.
struct WinogradTiles: Hashable {
  let wide: WinogradAlgorithm
  let narrow: WinogradAlgorithm?

  init(_ wide: WinogradAlgorithm, narrow: WinogradAlgorithm? = nil) {
    self.wide = wide
    self.narrow = narrow
  }

  /// All that kernels are generated for.
  static let generated = WinogradAlgorithm.generated.flatMap { wide in
    [WinogradTiles(wide)] + (wide.narrower.map { [WinogradTiles(wide, narrow: $0)] } ?? [])
  }

  /// The variant that forces them, `f6` or `f6+4`.
  var name: String { "f\(wide.m)" + (narrow.map { "+\($0.m)" } ?? "") }

  var r: Int { wide.r }

  func division(of p: ConvolutionProblem) -> TileDivision {
    guard let narrow else { return TileDivision(p, tileHeight: wide.m, tileWidth: wide.m) }
    func axis(_ outputs: Int) -> TileAxis {
      TileAxis(outputs, wide: wide.m, narrow: narrow.m, extra: r - 1)
    }
    return TileDivision(p, rows: axis(p.oh), columns: axis(p.ow))
  }

  /// Whether a problem has tiles of both sizes, or there is one size.
  func divides(_ p: ConvolutionProblem) -> Bool {
    guard narrow != nil else { return true }
    let division = division(of: p)
    return division.isMixed && division.rows.wideCount + division.columns.wideCount > 0
  }
}
