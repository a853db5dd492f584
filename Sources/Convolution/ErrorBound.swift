/// One output element.
public struct OutputPosition: Hashable, Sendable {
  /// Image.
  public let n: Int
  /// Output channel.
  public let k: Int
  /// Row.
  public let p: Int
  /// Column.
  public let q: Int

  /// Creates a position.
  public init(n: Int, k: Int, p: Int, q: Int) {
    self.n = n
    self.k = k
    self.p = p
    self.q = q
  }
}

/// The float64 value of one output and the sum of its terms' magnitudes.
public struct ReferenceOutput: Hashable, Sendable {
  /// `bias + Σ x·w`, after ReLU if there is one.
  public var value: Double
  /// `|bias| + Σ |x|·|w|`.
  public var magnitude: Double

  /// Creates a pair.
  public init(value: Double, magnitude: Double) {
    self.value = value
    self.magnitude = magnitude
  }
}

/// What a bound may look at: the very data that the plan worked on, in plain layouts.
public struct ConvolutionOperands {
  /// The problem.
  public let problem: ConvolutionProblem
  /// `mb × ic × ih × iw`.
  public let src: UnsafePointer<Float>
  /// `oc × ic/g × kh × kw`.
  public let wei: UnsafePointer<Float>
  /// `oc`, if there is one.
  public let bias: UnsafePointer<Float>?
  /// Whether ReLU follows.
  public let relu: Bool

  /// Creates a view of operands; the caller keeps the memory alive.
  public init(
    problem: ConvolutionProblem, src: UnsafePointer<Float>, wei: UnsafePointer<Float>,
    bias: UnsafePointer<Float>? = nil, relu: Bool = false
  ) {
    self.problem = problem
    self.src = src
    self.wei = wei
    self.bias = bias
    self.relu = relu
  }
}

/// The forward error that an algorithm may make, element by element.
public protocol ErrorBound: Sendable {
  /// Whether integer data whose sums fit 24 bits must come out bit-equal to the reference.
  var isExactOnIntegers: Bool { get }

  /// The largest |error| allowed at each position; `reference` belongs to the same positions.
  func bounds(
    at positions: [OutputPosition], reference: [ReferenceOutput], operands: ConvolutionOperands
  ) -> [Double]
}

/// `|err| ≤ γ_n·Σ|x||w|` with `γ_n = n·u / (1 − n·u)`, `u = 2⁻²⁴`: any order of summation.
///
/// Source: Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., §3.1. `n` is
/// `(ic/g)·kh·kw`, one more with a bias.
public struct SummationBound: ErrorBound {
  /// Unit round-off of float32.
  public static let unitRoundoff = 0x1p-24

  /// Creates the bound.
  public init() {}

  /// True: every partial sum is an integer below 2²⁴, hence exact.
  public var isExactOnIntegers: Bool { true }

  /// See the type's formula.
  public func bounds(
    at positions: [OutputPosition], reference: [ReferenceOutput], operands: ConvolutionOperands
  ) -> [Double] {
    let n = Double(operands.problem.reduction + (operands.bias == nil ? 0 : 1))
    let nu = n * Self.unitRoundoff
    let gamma = nu < 1 ? nu / (1 - nu) : Double.infinity
    return reference.map { gamma * $0.magnitude }
  }
}
