import Foundation
import Testing

@testable import Measurement

/// The gate on noise whose truth is known; no clock is involved.
@Suite struct GateFamilyTests {
  /// Runs `count` gates and returns all outcomes.
  private func outcomes(
    _ count: Int, effects: [Double], spread: Double,
    adjust: (inout GateSimulation) -> Void = { _ in }
  ) -> [[GateOutcome]] {
    (0..<count).map { seed in
      var simulation = GateSimulation(effects: effects, spread: spread, seed: UInt64(seed))
      adjust(&simulation)
      return simulation.run().rows.map { $0.outcome! }
    }
  }

  private func share(_ outcomes: [[GateOutcome]], _ test: (GateOutcome) -> Bool) -> Double {
    Double(outcomes.count { $0.contains(where: test) }) / Double(outcomes.count)
  }

  @Test(arguments: [0.005, 0.02, 0.05])
  func equalRowsPass(spread: Double) {
    let all = outcomes(300, effects: [0, 0, 0, 0, 0], spread: spread)
    #expect(share(all) { $0.verdict == .regression } == 0)
    #expect(share(all) { $0.verdict == .improvement } == 0)
    #expect(share(all) { !$0.isMeasured } <= 0.05)
  }

  @Test func equalRowsOfAQuietMachineNeedOnlyTheFirstLook() {
    let blocks = (0..<100).flatMap { seed in
      var simulation = GateSimulation(effects: [0, 0, 0], spread: 0.01, seed: UInt64(seed))
      return simulation.run().rows.map { $0.blocks.count }
    }
    #expect(blocks.count { $0 == 8 } >= 290)
  }

  /// What the first look lets pass, it would hide from the later ones.
  @Test func theFirstLookHidesNoChange() {
    for effect in [log(1.15), log(0.85)] {
      let hidden = (0..<300).count { seed in
        var simulation = GateSimulation(effects: [effect], spread: 0.05, seed: UInt64(seed))
        let row = simulation.run().rows[0]
        return row.blocks.count == 8 && row.outcome!.verdict == .same
      }
      #expect(hidden <= 1)
    }
  }

  /// Rows exactly on the limit are the hardest to tell from slower ones: at most 1 % of gates may even
  /// start to confirm one.
  @Test func suspicionKeepsTheFamilyAlpha() {
    let limit = log1p(0.05)
    let suspected = (0..<1000).count { seed in
      var simulation = GateSimulation(
        effects: Array(repeating: limit, count: 4), spread: 0.02, seed: UInt64(seed))
      return simulation.run().rows.contains { !$0.confirmation.isEmpty }
    }
    #expect(suspected <= 15)
  }

  @Test func slowDownsAreFound() {
    let twenty = outcomes(300, effects: [log(1.2)], spread: 0.05)
    #expect(share(twenty) { $0.verdict == .regression } >= 0.97)
    let ten = outcomes(300, effects: [log(1.1)], spread: 0.05)
    #expect(share(ten) { $0.verdict == .regression } >= 0.9)
    let tenOfQuiet = outcomes(300, effects: [log(1.1), 0, 0, 0], spread: 0.02)
    #expect(share(tenOfQuiet) { $0.verdict == .regression } >= 0.99)
    #expect(tenOfQuiet.allSatisfy { $0.dropFirst().allSatisfy { $0.verdict == .same } })
  }

  @Test func fifteenPercentIsFoundWithinFortyBlocks() {
    let early = (0..<200).count { seed in
      var simulation = GateSimulation(effects: [log(1.15)], spread: 0.05, seed: UInt64(seed))
      let row = simulation.run().rows[0]
      return row.outcome!.verdict == .regression && row.blocks.count <= 40
    }
    #expect(early >= 180)
  }

  @Test func speedUpsAreTold() {
    let all = outcomes(200, effects: [log(0.8)], spread: 0.03)
    #expect(share(all) { $0.verdict == .improvement } >= 0.98)
  }

  /// Another program on the machine never makes a row fail; too much of it makes it unfit.
  @Test(arguments: [0.2, 0.5, 0.8])
  func aHogNeverFailsARow(hog: Double) {
    let all = outcomes(300, effects: [0, 0], spread: 0.02) { $0.hog = hog }
    #expect(share(all) { $0.verdict == .regression } == 0)
  }

  @Test func aNoisyMachineIsUnfit() {
    let all = outcomes(100, effects: [0, log(1.3)], spread: 0.4)
    #expect(share(all) { $0.isMeasured } <= 0.02)
    #expect(share(all) { $0.verdict == .regression } == 0)
  }

  @Test func aMachineWithoutACoreForEveryThreadIsUnfit() {
    for (wait, isMeasured) in [(0.1, true), (0.4, false)] {
      let all = outcomes(20, effects: [0], spread: 0.01) { $0.waited = wait }
      #expect(all.allSatisfy { $0[0].isMeasured == isMeasured })
      #expect(isMeasured || all[0][0].reason.contains("waited for a core 40.0 % of the time"))
    }
  }

  @Test func anUnfairMachineIsUnfit() {
    let all = outcomes(100, effects: [log(1.3)], spread: 0.01) { $0.bias = log(1.06) }
    #expect(all.allSatisfy { !$0[0].isMeasured })
    #expect(all[0][0].reason.contains("differs from itself"))
  }

  @Test func slowDownsBelowTwentyMicrosecondsPass() {
    let all = outcomes(50, effects: [log(1.3)], spread: 0.01) { $0.seconds = 50e-6 }
    #expect(all.allSatisfy { $0[0].verdict == .same && $0[0].reason.contains("20 µs") })
    let slower = outcomes(50, effects: [log(1.3)], spread: 0.01) { $0.seconds = 100e-6 }
    #expect(slower.allSatisfy { $0[0].verdict == .regression })
  }

  @Test func anEffectIsReportedFromTheBlocksThatConfirmedIt() {
    var simulation = GateSimulation(effects: [log(1.2)], spread: 0.01, seed: 7)
    let row = simulation.run().rows[0]
    #expect(row.outcome?.effect == GateEffect(row.confirmation))
    #expect(row.outcome?.effect?.blocks == 10)
    #expect(abs(row.outcome!.effect!.ratio - 0.2) < 0.01)
  }

  @Test func aSuspicionThatFreshBlocksDoNotConfirmIsNoRegression() {
    var family = GateFamily(rules: GateRules(), rowCount: 1)
    let slow = GateBlock(base: [1, 1], candidate: [1.2, 1.2], secondBase: [1, 1])
    let equal = GateBlock(base: [1, 1], candidate: [1, 1], secondBase: [1, 1])
    func take(_ count: Int, _ block: GateBlock) {
      for _ in 0..<count {
        family.add(block, to: 0)
        family.decide()
      }
    }
    take(8, slow)
    #expect(family.rows[0].outcome == nil)
    take(4, slow)
    #expect(family.rows[0].isConfirming)
    #expect(family.blocksWanted == 10)
    take(10, equal)
    #expect(family.rows[0].outcome == nil)
    #expect(family.blocksWanted == 30)
    take(30, equal)
    #expect(family.rows[0].outcome?.verdict == .same)
  }

  @Test func stoppingTellsMeasuredRowsFromOthers() {
    let undecided = GateRules().limit
    func stopped(after count: Int, effect: Double) -> GateOutcome {
      var family = GateFamily(rules: GateRules(), rowCount: 1)
      for i in 0..<count {
        // Half of the blocks on either side of the limit decide nothing.
        let ratio = exp(effect + (i.isMultiple(of: 2) ? 0.001 : -0.001))
        family.add(GateBlock(base: [1], candidate: [ratio], secondBase: [1]), to: 0)
        family.decide()
      }
      family.stop(because: "time is up")
      return family.rows[0].outcome!
    }
    #expect(!stopped(after: 11, effect: undecided).isMeasured)
    #expect(stopped(after: 13, effect: undecided).isMeasured)
    let suspected = stopped(after: 15, effect: 0.2)
    #expect(!suspected.isMeasured && suspected.reason.contains("not confirmed"))
  }

  @Test func aRowThatFailsLeavesTheOthersAlone() {
    var family = GateFamily(rules: GateRules(), rowCount: 2)
    family.fail(0, because: "crashed")
    for _ in 0..<8 {
      family.add(GateBlock(base: [1], candidate: [1], secondBase: [1]), to: 1)
      family.decide()
    }
    #expect(family.rows[0].outcome?.isMeasured == false)
    #expect(family.rows[0].outcome?.effect == nil)
    #expect(family.rows[1].outcome?.verdict == .same)
    #expect(family.openRows.isEmpty)
  }
}
