import Convolution
import Foundation
import Measurement

/// A problem whose plain tensors alone take more memory than the machine has.
struct MemoryExcess: CustomStringConvertible {
  private let needed: Double
  private let total: Double

  /// Nil for a problem that fits.
  init?(_ problem: ConvolutionProblem) {
    let counts = [problem.srcCount, problem.weiCount, problem.dstCount].map { Double($0) }
    needed = counts.reduce(0, +) * Double(MemoryLayout<Float>.size)
    total = Double(MemoryBudget.current().total)
    if needed <= total { return nil }
  }

  /// Both sizes.
  var description: String {
    "src, wei and dst take \(gibibytes(needed)), this machine has \(gibibytes(total)) of memory"
  }

  private func gibibytes(_ bytes: Double) -> String { String(format: "%.1f GiB", bytes / 0x1p30) }
}
