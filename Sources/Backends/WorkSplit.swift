/// Cuts work so that threads end together.
enum WorkSplit {
  /// `0..<units` in parts of at most `most` units, each done `otherItems` times.
  static func parts(of units: Int, most: Int, otherItems: Int, threads: Int) -> [Range<Int>] {
    let fewest = (units + most - 1) / most
    let candidates = fewest...min(units, fewest + 4 * threads)
    let best = candidates.min {
      busiest($0, units, otherItems, threads) < busiest($1, units, otherItems, threads)
    }!
    return (0..<best).map { $0 * units / best..<($0 + 1) * units / best }
  }

  /// Units that the busiest thread works through where `units` are cut into `parts`, the overhead of a part
  /// counted.
  static func busiest(_ parts: Int, _ units: Int, _ otherItems: Int, _ threads: Int) -> Double {
    let turns = (parts * otherItems + threads - 1) / threads
    return Double(turns) * (Double((units + parts - 1) / parts) + 0.1)
  }
}
