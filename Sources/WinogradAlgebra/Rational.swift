/// An exact fraction, always in lowest terms with a positive denominator.
///
/// Traps on overflow of 64 bits, which the small matrices it serves never come near.
public struct Rational: Hashable, Sendable {
  /// The signed numerator.
  public let numerator: Int
  /// The denominator, ≥ 1.
  public let denominator: Int

  /// `numerator / denominator`.
  public init(_ numerator: Int, _ denominator: Int = 1) {
    precondition(denominator != 0, "a fraction needs a denominator")
    let divisor = Self.gcd(numerator.magnitude, denominator.magnitude)
    let sign = denominator < 0 ? -1 : 1
    self.numerator = sign * numerator / Int(divisor)
    self.denominator = sign * denominator / Int(divisor)
  }

  private static func gcd(_ a: UInt, _ b: UInt) -> UInt { b == 0 ? a : gcd(b, a % b) }

  /// The nearest double.
  public var doubleValue: Double { Double(numerator) / Double(denominator) }

  /// The absolute value.
  public var magnitude: Rational { Rational(abs(numerator), denominator) }

  /// Whether the value is 0.
  public var isZero: Bool { numerator == 0 }

  /// The sum.
  public static func + (a: Rational, b: Rational) -> Rational {
    Rational(
      a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)
  }

  /// The difference.
  public static func - (a: Rational, b: Rational) -> Rational { a + -b }

  /// The product.
  public static func * (a: Rational, b: Rational) -> Rational {
    Rational(a.numerator * b.numerator, a.denominator * b.denominator)
  }

  /// The quotient; `b` is not 0.
  public static func / (a: Rational, b: Rational) -> Rational {
    Rational(a.numerator * b.denominator, a.denominator * b.numerator)
  }

  /// The negative.
  public static prefix func - (a: Rational) -> Rational { Rational(-a.numerator, a.denominator) }
}

extension Rational: ExpressibleByIntegerLiteral {
  /// A whole number.
  public init(integerLiteral value: Int) { self.init(value) }
}
