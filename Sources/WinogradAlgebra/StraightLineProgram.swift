/// A product of a constant matrix and a vector as straight-line code.
///
/// Zeros cost nothing, ±1 an addition. Two symmetries that points ±a give are used:
/// - rows that differ in the signs of their odd elements share an even and an odd part
///   (input transform): `u = e + c·o`, `v = ±(e − c·o)`;
/// - columns that differ in the signs of their odd elements are replaced by their sum and their
///   difference (output transform).
public struct StraightLineProgram: Sendable {
  /// One operation; its result gets the next free number after the inputs.
  public enum Operation: Hashable, Sendable {
    /// `factor · value`
    case scale(Rational, Int)
    /// `factor · value + addend`
    case multiplyAdd(Rational, Int, addend: Int)
    /// `a + b`
    case add(Int, Int)
    /// `a − b`
    case subtract(Int, Int)
  }

  /// Inputs, numbered from 0.
  public let inputs: Int
  /// Operations in order.
  public private(set) var operations: [Operation] = []
  /// The number of the value of each row.
  public private(set) var outputs: [Int] = []

  /// Floating-point operations of one run, a fused multiply-add counting two.
  public var flops: Int {
    operations.reduce(0) { sum, operation in
      if case .multiplyAdd = operation { sum + 2 } else { sum + 1 }
    }
  }

  /// Code for `matrix · x`.
  public init(_ matrix: [[Rational]]) {
    inputs = matrix[0].count
    let terms = combineColumns(matrix)
    outputs = Array(repeating: -1, count: matrix.count)
    for row in matrix.indices where outputs[row] < 0 {
      let mirrored = matrix.indices.first { other in
        other > row && outputs[other] < 0 && Self.mirrorSign(matrix[row], matrix[other]) != nil
      }
      if let mirrored,
        terms[row].map(\.value) == Array(0..<inputs).filter({ !matrix[row][$0].isZero })
      {
        emitMirrored(row, mirrored, matrix)
      } else {
        outputs[row] = combination(terms[row])
      }
    }
  }

  private typealias Term = (factor: Rational, value: Int)

  /// ±1 if `b[j] = ±(−1)ʲ·a[j]` for all j, with something in both the even and the odd places.
  private static func mirrorSign(_ a: [Rational], _ b: [Rational]) -> Int? {
    let even = stride(from: 0, to: a.count, by: 2).contains { !a[$0].isZero }
    let odd = stride(from: 1, to: a.count, by: 2).contains { !a[$0].isZero }
    guard even, odd else { return nil }
    return [1, -1].first { sign in
      a.indices.allSatisfy { b[$0] == Rational($0 % 2 == 0 ? sign : -sign) * a[$0] }
    }
  }

  private mutating func emitMirrored(_ row: Int, _ other: Int, _ matrix: [[Rational]]) {
    let terms = matrix[row].enumerated().filter { !$1.isZero }.map { Term($1, $0) }
    let even = combination(terms.filter { $0.value % 2 == 0 })
    let odd = terms.filter { $0.value % 2 == 1 }
    let factor = odd.last!.factor
    let part = combination(odd.map { Term($0.factor / factor, $0.value) })
    outputs[row] = addScaled(factor, part, to: even)
    if Self.mirrorSign(matrix[row], matrix[other]) == 1 {
      outputs[other] = addScaled(-factor, part, to: even)
    } else {
      // v = c·o − e, for which there is no single operation but on the scaled odd part.
      outputs[other] =
        factor == 1
        ? append(.subtract(part, even))
        : append(.subtract(append(.scale(factor, part)), even))
    }
  }

  /// The terms of each row, columns that mirror each other replaced by sums and differences.
  private mutating func combineColumns(_ matrix: [[Rational]]) -> [[Term]] {
    var terms: [[Term]] = Array(repeating: [], count: matrix.count)
    var isDone = Array(repeating: false, count: inputs)
    for column in 0..<inputs where !isDone[column] {
      let values = matrix.map { $0[column] }
      let mirrored = (column + 1..<inputs).first { other in
        !isDone[other] && matrix.count > 1
          && Self.mirrorSign(values, matrix.map { $0[other] }) == 1
      }
      // Worth it only where more than one row uses the pair's sum, as in the output transform.
      if let mirrored, matrix.count < inputs {
        isDone[mirrored] = true
        let sum = append(.add(column, mirrored))
        let difference = append(.subtract(column, mirrored))
        for row in matrix.indices where !values[row].isZero {
          terms[row].append(Term(values[row], row % 2 == 0 ? sum : difference))
        }
      } else {
        for row in matrix.indices where !values[row].isZero {
          terms[row].append(Term(values[row], column))
        }
      }
    }
    return terms
  }

  private mutating func combination(_ terms: [Term]) -> Int {
    let start = terms.firstIndex { $0.factor == 1 } ?? 0
    var value = terms[start].value
    if terms[start].factor != 1 { value = append(.scale(terms[start].factor, value)) }
    for (i, term) in terms.enumerated() where i != start {
      value = addScaled(term.factor, term.value, to: value)
    }
    return value
  }

  private mutating func addScaled(_ factor: Rational, _ value: Int, to addend: Int) -> Int {
    switch factor {
    case 1: append(.add(addend, value))
    case -1: append(.subtract(addend, value))
    default: append(.multiplyAdd(factor, value, addend: addend))
    }
  }

  private mutating func append(_ operation: Operation) -> Int {
    operations.append(operation)
    return inputs + operations.count - 1
  }

  /// Runs the program on exact numbers.
  public func run(_ x: [Rational]) -> [Rational] {
    var values = x
    for operation in operations {
      switch operation {
      case .scale(let factor, let a): values.append(factor * values[a])
      case .multiplyAdd(let factor, let a, let b): values.append(factor * values[a] + values[b])
      case .add(let a, let b): values.append(values[a] + values[b])
      case .subtract(let a, let b): values.append(values[a] - values[b])
      }
    }
    return outputs.map { values[$0] }
  }
}
