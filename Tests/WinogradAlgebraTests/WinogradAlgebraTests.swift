import Testing

@testable import WinogradAlgebra

/// The matrices and the code made from them, all in exact numbers.
struct WinogradAlgebraTests {
  private func multiply(_ matrix: [[Rational]], _ x: [Rational]) -> [Rational] {
    matrix.map { row in zip(row, x).reduce(Rational(0)) { $0 + $1.0 * $1.1 } }
  }

  /// With the narrower tiles, on the wide ones' points.
  static let all =
    WinogradAlgorithm.generated + WinogradAlgorithm.generated.compactMap(\.narrower)

  @Test(arguments: all)
  func filtersExactly(_ a: WinogradAlgorithm) {
    let d = (0..<a.alpha).map { Rational(($0 * 37 + 11) % 19 - 9) }
    let g = (0..<a.r).map { Rational(($0 * 23 + 5) % 13 - 6) }
    let products = zip(multiply(a.g, g), multiply(a.bt, d)).map { $0 * $1 }
    let expected = (0..<a.m).map { i in
      (0..<a.r).reduce(Rational(0)) { $0 + d[i + $1] * g[$1] }
    }
    #expect(multiply(a.at, products) == expected)
  }

  @Test(arguments: all)
  func programsComputeTheirMatrices(_ a: WinogradAlgorithm) {
    for matrix in [a.bt, a.at, a.g] {
      let x = matrix[0].indices.map { Rational($0 * $0 + 3, $0 + 1) }
      #expect(StraightLineProgram(matrix).run(x) == multiply(matrix, x))
    }
  }

  /// A kernel's wide spectrum holds its narrow one.
  @Test func narrowerTilesShareKernels() throws {
    let wide = WinogradAlgorithm.generated.filter { $0.narrower != nil }
    #expect(wide.map { [$0.m, $0.r] } == [[4, 3], [5, 3], [6, 3], [4, 5]])
    for a in wide {
      let narrow = try #require(a.narrower)
      #expect(narrow.m < a.m && narrow.r == a.r)
      for (row, line) in narrow.g.enumerated() {
        #expect(line == a.g[narrow.place(of: row, in: a.alpha)])
      }
      #expect(a.narrowed(to: a.m) == a)
    }
  }

  @Test func f4MatchesItsPublishedMatrices() {
    let a = WinogradAlgorithm.generated.first { $0.m == 4 && $0.r == 3 }!
    #expect(a.bt[0].map(\.doubleValue) == [0.87890625, 0, -2.640625, 0, 1, 0])
    #expect(a.bt[1].map(\.doubleValue) == [0, -1.40625, -2.25, 0.625, 1, 0])
    #expect(a.at[3].map(\.doubleValue) == [0, 0.244140625, -0.244140625, 3.375, -3.375, 1])
    // 12 multiply-adds in one dimension (24 operations), as by hand.
    #expect(StraightLineProgram(a.bt).operations.count == 12)
  }
}
