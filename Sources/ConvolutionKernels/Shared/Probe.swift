/// Kernels that measure the machine itself.
enum Probe {
  /// `iterations` rounds of independent `sum·cell[0] + cell[1]` in registers; the total goes to
  /// `cell[2]`, so that nothing can be left out.
  ///
  /// - Returns: the floating-point operations done.
  static func peak(_ iterations: Int, _ cell: UnsafeMutablePointer<Float>) -> Double {
    var sums = PeakSums { _ in Vector(repeating: 0) }
    for i in sums.indices { sums[i] = Vector(repeating: cell[0] + Float(i)) }
    let factor = Vector(repeating: cell[0])
    let addend = Vector(repeating: cell[1])
    var round = 0
    while round < iterations {
      for i in sums.indices { sums[i] = multiplyAdd(sums[i], factor, addend) }
      round &+= 1
    }
    var total = Vector(repeating: 0)
    for i in sums.indices { total += sums[i] }
    cell[2] = total[0]
    return Double(2 &* sums.count &* Vector.scalarCount) * Double(iterations)
  }

  /// The sum of `count` floats, a multiple of 16 vectors: eight independent chains of additions.
  static func read(_ data: UnsafePointer<Float>, _ count: Int) -> Float {
    var sums = InlineArray<8, Vector> { _ in Vector(repeating: 0) }
    var x = 0
    while x < count {
      for i in 0..<8 { sums[i] += loadVector(data + (x &+ i &* Vector.scalarCount)) }
      x &+= 8 &* Vector.scalarCount
    }
    var total = Vector(repeating: 0)
    for i in 0..<8 { total += sums[i] }
    return total[0]
  }
}
