import Convolution
import Foundation

@testable import Measurement

/// A machine that is not there: draws blocks with seeded noise and feeds them to a gate.
struct GateSimulation {
  /// `ln` of the true ratio of candidate and base, one value a row.
  var effects: [Double]
  /// Standard deviation of a block's `D`.
  var spread: Double
  /// Probability that a sample meets another program, which takes up to as much time again.
  var hog = 0.0
  /// `ln` of the ratio of second base and base: a machine that is not fair.
  var bias = 0.0
  /// Share of the time that threads wait for a core.
  var waited = 0.0
  /// Seconds a call of the base.
  var seconds = 1e-3
  var rules = GateRules()
  var random: SplitMix64

  init(effects: [Double], spread: Double, seed: UInt64) {
    self.effects = effects
    self.spread = spread
    random = SplitMix64(seed: seed)
  }

  /// Runs a gate to its end.
  mutating func run() -> GateFamily {
    var family = GateFamily(rules: rules, rowCount: effects.count)
    while !family.openRows.isEmpty {
      for row in family.openRows { family.add(block(effects[row]), to: row) }
      family.decide()
    }
    return family
  }

  private mutating func block(_ effect: Double) -> GateBlock {
    GateBlock(
      base: arm(0), candidate: arm(effect), secondBase: arm(bias), waited: waited)
  }

  /// Two samples of a process. D is the difference of two arms' luck, so each has 1/√2 of its spread;
  /// the luck is a process's, so both samples share it.
  private mutating func arm(_ effect: Double) -> [Double] {
    let luck = effect + normal() * spread / 2.0.squareRoot()
    return (0..<2).map { _ in seconds * exp(luck) * (1 + disturbance()) }
  }

  private mutating func disturbance() -> Double {
    Double.random(in: 0..<1, using: &random) < hog ? Double.random(in: 0..<1, using: &random) : 0
  }

  private mutating func normal() -> Double {
    let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &random))).squareRoot()
    return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &random))
  }
}
