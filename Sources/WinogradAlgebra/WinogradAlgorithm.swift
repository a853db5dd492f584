/// Winograd's minimal filtering F(m×m, r×r): `Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A`.
///
/// Built exactly from its interpolation points by the Toom–Cook construction. With the finite points
/// `a_k` and ∞ last, `N_k = ∏_{b≠k}(a_k − a_b)`:
/// - `Aᵀ[i][k] = a_kⁱ`, and 1 at `(m−1, ∞)`;
/// - `G[k][j] = a_kʲ / D_k`, and 1 at `(∞, r−1)`;
/// - `Bᵀ[k]` holds the coefficients of `D_k / N_k · ∏_{b≠k}(x − a_b)`, `Bᵀ[∞]` those of `∏_b (x − a_b)`.
///
/// `D_k = N_k`, unless a narrower tile is to share transformed kernels with a wider one: then they are that one's
/// (`narrowed`).
///
/// Source: Winograd 1980; Lavin & Gray 2016 for the 2-D nesting; Barabasz et al. 2020 for points.
public struct WinogradAlgorithm: Hashable, Sendable {
  /// Outputs of a tile along one axis.
  public let m: Int
  /// Kernel taps along one axis.
  public let r: Int
  /// The finite points, ∞ left out; negatives stand right behind their positives.
  public let points: [Rational]
  /// What each finite point's row of `G` is divided by, `D_k`.
  private let divisors: [Rational]

  /// Inputs of a tile along one axis, `m + r − 1`.
  public var alpha: Int { m + r - 1 }

  /// Creates F(m, r) from `m + r − 2` distinct finite points.
  public init(m: Int, r: Int, points: [Rational]) {
    precondition(points.count == m + r - 2, "F(\(m),\(r)) needs \(m + r - 2) finite points")
    precondition(Set(points).count == points.count, "points must differ")
    self.init(m: m, r: r, points: points, divisors: points.indices.map { Self.norm($0, points) })
  }

  private init(m: Int, r: Int, points: [Rational], divisors: [Rational]) {
    self.m = m
    self.r = r
    self.points = points
    self.divisors = divisors
  }

  /// F(m, r) on the first points of this one: its `G` is rows of this one's, its first and its last, so the spectrum
  /// of a kernel is part of what this one makes of it.
  public func narrowed(to m: Int) -> WinogradAlgorithm {
    precondition(m <= self.m, "F(\(m),\(r)) is no narrower than F(\(self.m),\(r))")
    let count = m + r - 2
    return WinogradAlgorithm(
      m: m, r: r, points: Array(points.prefix(count)), divisors: Array(divisors.prefix(count)))
  }

  /// The place of element `index` of a spectrum in that of a wider tile of `alpha` elements: ∞ is last in both.
  public func place(of index: Int, in alpha: Int) -> Int {
    index == self.alpha - 1 ? alpha - 1 : index
  }

  /// The output transform, m × α.
  public var at: [[Rational]] {
    (0..<m).map { i in points.map { power($0, i) } + [i == m - 1 ? 1 : 0] }
  }

  /// The kernel transform, α × r.
  public var g: [[Rational]] {
    points.indices.map { k in
      (0..<r).map { power(points[k], $0) / divisors[k] }
    } + [(0..<r).map { $0 == r - 1 ? 1 : 0 }]
  }

  /// The input transform, α × α.
  public var bt: [[Rational]] {
    points.indices.map { k in
      let factor = divisors[k] / Self.norm(k, points)
      return polynomial(others(k)).map { factor * $0 } + [0]
    } + [polynomial(points)]
  }

  /// `N_k`
  private static func norm(_ k: Int, _ points: [Rational]) -> Rational {
    points.indices.reduce(Rational(1)) { $1 == k ? $0 : $0 * (points[k] - points[$1]) }
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

  /// The narrower tile that may stand beside this one, at the end of rows and of columns of tiles.
  public var narrower: WinogradAlgorithm? { Self.narrowSizes[[m, r]].map { narrowed(to: $0) } }

  /// By m and r. Of all pairs, these take the fewest multiply-adds somewhere: 6 and 4 at 28 and 56 outputs (0.90 of
  /// those of 6 alone), 26 and 32 (0.81, 0.84), 5 and 4 at 13 and 14 (0.82, 0.91), 4 and 3 at 7 (0.84), and of 5×5
  /// kernels at 7, 13, 14 and 27 (0.88, 0.82, 0.88, 0.96).
  private static let narrowSizes = [[6, 3]: 4, [5, 3]: 4, [4, 3]: 3, [4, 5]: 3]

  /// Those that kernels along rows are generated for as well: six sums for each strip and vector fit registers.
  public static let alongRows = generated.filter { $0.alpha == 6 }

  private static func pair(_ numerator: Int, _ denominator: Int = 1) -> [Rational] {
    [Rational(numerator, denominator), Rational(-numerator, denominator)]
  }
}
