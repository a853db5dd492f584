/// All rows of a gate: takes blocks in rounds, one for each row that wants more, and decides over
/// all rows together.
///
/// 0. After `passLook` blocks a row whose D lies on the inner side of ±ln(1+δ), by both sign tests at
///    `passAlpha`, is the `same`.
/// 1. At each further look, `p = P(Bin(n, ½) ≥ #{D > ln(1+δ)})` of each row, adjusted by Holm over all rows
///    of the gate, accuses a row at its share of the family's α. The row is then measured afresh, and
///    only those blocks make it a `regression`.
/// 2. The same for `D < −ln(1+δ)` makes it an `improvement`.
/// 3. Else the opposite test, `D < ln(1+δ)` at `passAlpha`, makes it the `same`.
/// 4. Whatever is open after the last look is `inconclusive`.
///
/// Before all that the machine must be fit (`GateRules`), or the row is not measured.
public struct GateFamily: Sendable {
  /// The rules.
  public let rules: GateRules
  /// The rows, in the order in which they were given.
  public private(set) var rows: [GateRow]

  /// Creates a family of `rowCount` rows without blocks.
  public init(rules: GateRules, rowCount: Int) {
    self.rules = rules
    rows = Array(repeating: GateRow(), count: rowCount)
  }

  /// The rows that want a block.
  public var openRows: [Int] { rows.indices.filter { rows[$0].outcome == nil } }

  /// Blocks until the next decision of every open row, at least.
  public var blocksWanted: Int { rows.reduce(0) { $0 + $1.blocksWanted(rules) } }

  /// Adds a block to an open row.
  public mutating func add(_ block: GateBlock, to row: Int) { rows[row].add(block) }

  /// Ends a row that cannot be measured.
  public mutating func fail(_ row: Int, because reason: String) { rows[row].fail(because: reason) }

  /// Ends all open rows.
  public mutating func stop(because reason: String) {
    for row in openRows { rows[row].stop(rules, because: reason) }
  }

  /// Decides what can be decided after a round.
  public mutating func decide() {
    for row in rows.indices { rows[row].confirm(rules) }
    for row in openRows where rows[row].isLooking && rows[row].blocks.count == rules.passLook {
      rows[row].lookForPass(rules)
    }
    // A row that never came to a look is no part of what is tested together.
    let tested = rows.indices.filter { rows[$0].blocks.count >= rules.passLook }
    let looked = tested.filter {
      rows[$0].isLooking && rules.looks.contains(rows[$0].blocks.count)
    }
    guard !looked.isEmpty else { return }
    // A row with its verdict keeps its place in the family, by a p-value that accuses nobody.
    func adjusted(_ test: ([Double]) -> Double) -> [Double] {
      HolmAdjustment.adjust(
        tested.map { looked.contains($0) ? test(rows[$0].blocks.map(\.logRatio)) : 1 })
    }
    let slower = adjusted { SignTest.above(rules.limit, $0) }
    let faster = adjusted { SignTest.below(-rules.limit, $0) }
    for (place, row) in tested.enumerated() where looked.contains(row) {
      rows[row].look(rules, slower: slower[place], faster: faster[place])
    }
  }
}
