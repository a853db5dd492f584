/// One row on its way to a verdict: blocks until a look decides, then, when it seems slower, fresh
/// blocks that must confirm it.
public struct GateRow: Sendable {
  /// The blocks before any confirmation, in the order in which they were taken.
  public private(set) var blocks: [GateBlock] = []
  /// The fresh blocks of the confirmation.
  public private(set) var confirmation: [GateBlock] = []
  private var phase = Phase.looking

  private enum Phase {
    case looking
    case confirming
    case done(GateOutcome)
  }

  /// How it ended; nil while it wants more blocks.
  public var outcome: GateOutcome? {
    if case .done(let outcome) = phase { outcome } else { nil }
  }

  /// Whether it seemed slower and its fresh blocks are being taken.
  public var isConfirming: Bool {
    if case .confirming = phase { true } else { false }
  }

  var isLooking: Bool {
    if case .looking = phase { true } else { false }
  }

  mutating func add(_ block: GateBlock) {
    switch phase {
    case .looking: blocks.append(block)
    case .confirming: confirmation.append(block)
    case .done: preconditionFailure("the row has its verdict")
    }
  }

  /// Blocks until the next decision.
  func blocksWanted(_ rules: GateRules) -> Int {
    switch phase {
    case .looking: (rules.allLooks.first { $0 > blocks.count } ?? blocks.count) - blocks.count
    case .confirming:
      (rules.confirmations.map(\.blocks).first { $0 > confirmation.count } ?? confirmation.count)
        - confirmation.count
    case .done: 0
    }
  }

  /// Ends a row whose first blocks show that it is neither slower nor faster; decides nothing else.
  mutating func lookForPass(_ rules: GateRules) {
    let ratios = blocks.map(\.logRatio)
    guard rules.fitness(blocks) == .fit,
      SignTest.below(rules.limit, ratios) <= rules.passAlpha,
      SignTest.above(-rules.limit, ratios) <= rules.passAlpha
    else { return }
    end(.same, "", blocks)
  }

  /// Decides at a look, with the p-values of "slower" and "faster" adjusted over all rows.
  mutating func look(_ rules: GateRules, slower: Double, faster: Double) {
    let isLast = blocks.count >= rules.looks.last!
    switch rules.fitness(blocks) {
    case .unfit(let reason):
      return end(.inconclusive, isMeasured: false, reason, blocks)
    case .unclear(let reason):
      if isLast { end(.inconclusive, isMeasured: false, reason, blocks) }
      return
    case .fit: break
    }
    if slower <= rules.lookAlpha {
      if isTooSmall(blocks, rules) {
        end(.same, Self.tooSmall(rules), blocks)
      } else {
        phase = .confirming
      }
    } else if faster <= rules.lookAlpha {
      end(.improvement, "", blocks)
    } else if SignTest.below(rules.limit, blocks.map(\.logRatio)) <= rules.passAlpha {
      end(.same, "", blocks)
    } else if isLast {
      end(.inconclusive, "too near the limit to tell", blocks)
    }
  }

  /// Decides at a look at the fresh blocks.
  mutating func confirm(_ rules: GateRules) {
    guard isConfirming,
      let look = rules.confirmations.first(where: { $0.blocks == confirmation.count })
    else { return }
    let isLast = look == rules.confirmations.last
    if let reason = rules.fitness(blocks + confirmation).reason {
      if isLast { end(.inconclusive, isMeasured: false, reason, confirmation) }
      return
    }
    let ratios = confirmation.map(\.logRatio)
    if SignTest.above(rules.limit, ratios) <= look.alpha {
      if isTooSmall(confirmation, rules) {
        end(.same, Self.tooSmall(rules), confirmation)
      } else {
        end(.regression, "", confirmation)
      }
    } else if isLast {
      let isSame = SignTest.below(rules.limit, ratios) <= rules.passAlpha
      end(
        isSame ? .same : .inconclusive, "seemed slower, fresh blocks did not confirm it",
        confirmation)
    }
  }

  /// Ends the row before its verdict. Blocks that have been looked at without a decision are a
  /// measurement; a suspicion that was not followed up, or fewer blocks than the first look, is not.
  mutating func stop(_ rules: GateRules, because reason: String) {
    guard outcome == nil else { return }
    let isMeasured = isLooking && blocks.count >= rules.looks[0] && rules.fitness(blocks) == .fit
    end(
      .inconclusive, isMeasured: isMeasured,
      isConfirming ? "seemed slower, not confirmed: \(reason)" : reason, blocks)
  }

  /// Ends the row because it cannot be measured.
  mutating func fail(because reason: String) {
    guard outcome == nil else { return }
    end(.inconclusive, isMeasured: false, reason, blocks)
  }

  private mutating func end(
    _ verdict: GateVerdict, isMeasured: Bool = true, _ reason: String, _ deciding: [GateBlock]
  ) {
    phase = .done(
      GateOutcome(
        verdict: verdict, isMeasured: isMeasured, reason: reason, effect: GateEffect(deciding)))
  }

  private func isTooSmall(_ blocks: [GateBlock], _ rules: GateRules) -> Bool {
    GateEffect(blocks).map { $0.slowdown <= rules.leastSlowdown } ?? true
  }

  private static func tooSmall(_ rules: GateRules) -> String {
    "slower, but by no more than \(Int((rules.leastSlowdown * 1e6).rounded())) µs a call"
  }
}
