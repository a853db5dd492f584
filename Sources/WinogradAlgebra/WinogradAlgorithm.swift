/// Winograd's minimal filtering F(m×m, r×r): `Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A`.
///
/// Built exactly from its interpolation points by the Toom–Cook construction. With the finite points
/// `a_k` and ∞ last, `N_k = ∏_{b≠k}(a_k − a_b)`:
/// - `Aᵀ[i][k] = a_kⁱ`, and 1 at `(m−1, ∞)`;
/// - `G[k][j] = a_kʲ / N_k`, and 1 at `(∞, r−1)`;
/// - `Bᵀ[k]` holds the coefficients of `∏_{b≠k}(x − a_b)`, `Bᵀ[∞]` those of `∏_b (x − a_b)`.
///
/// Source: Winograd 1980; Lavin & Gray 2016 for the 2-D nesting; Barabasz et al. 2020 for points.
public struct WinogradAlgorithm: Hashable, Sendable {
  /// Outputs of a tile along one axis.
  public let m: Int
  /// Kernel taps along one axis.
  public let r: Int
  /// The finite points, ∞ left out; negatives stand right behind their positives.
  public let points: [Rational]

  /// Inputs of a tile along one axis, `m + r − 1`.
  public var alpha: Int { m + r - 1 }

  /// Creates F(m, r) from `m + r − 2` distinct finite points.
  public init(m: Int, r: Int, points: [Rational]) {
    precondition(points.count == m + r - 2, "F(\(m),\(r)) needs \(m + r - 2) finite points")
    precondition(Set(points).count == points.count, "points must differ")
    self.m = m
    self.r = r
    self.points = points
  }

  /// The output transform, m × α.
  public var at: [[Rational]] {
    (0..<m).map { i in points.map { power($0, i) } + [i == m - 1 ? 1 : 0] }
  }

  /// The kernel transform, α × r.
  public var g: [[Rational]] {
    points.indices.map { k in
      let n = others(k).reduce(Rational(1)) { $0 * (points[k] - $1) }
      return (0..<r).map { power(points[k], $0) / n }
    } + [(0..<r).map { $0 == r - 1 ? 1 : 0 }]
  }

  /// The input transform, α × α.
  public var bt: [[Rational]] {
    points.indices.map { polynomial(others($0)) + [0] } + [polynomial(points)]
  }

  private func others(_ k: Int) -> [Rational] {
    points.indices.filter { $0 != k }.map { points[$0] }
  }

  private func power(_ x: Rational, _ n: Int) -> Rational {
    (0..<n).reduce(Rational(1)) { product, _ in product * x }
  }

  /// Coefficients of `∏ (x − root)`, constant term first.
  private func polynomial(_ roots: [Rational]) -> [Rational] {
    roots.reduce([Rational(1)]) { coefficients, root in
      let raised = [Rational(0)] + coefficients
      let scaled = coefficients.map { -root * $0 } + [Rational(0)]
      return zip(raised, scaled).map { $0 + $1 }
    }
  }
}

extension WinogradAlgorithm {
  /// The algorithms that kernels are generated for; a new one is one more row.
  ///
  /// ±5/8 and ±3/2 give F(4,3) a 2.4 times smaller error than Lavin and Gray's ±1 and ±2.
  public static let generated: [WinogradAlgorithm] = [
    .init(m: 2, r: 3, points: [0, 1, -1]),
    .init(m: 3, r: 3, points: [0, 1, -1, 2]),
    .init(m: 4, r: 3, points: [0] + pair(5, 8) + pair(3, 2)),
    .init(m: 5, r: 3, points: [0] + pair(1) + pair(2) + [Rational(1, 2)]),
    .init(m: 6, r: 3, points: [0] + pair(1) + pair(2) + pair(1, 2)),
    .init(m: 2, r: 5, points: [0] + pair(5, 8) + pair(3, 2)),
    .init(m: 4, r: 5, points: [0] + pair(1) + pair(2) + pair(1, 2)),
  ]

  /// Those that kernels along rows are generated for as well: six sums for each strip and vector fit registers.
  public static let alongRows = generated.filter { $0.alpha == 6 }

  private static func pair(_ numerator: Int, _ denominator: Int = 1) -> [Rational] {
    [Rational(numerator, denominator), Rational(-numerator, denominator)]
  }
}
