import Foundation
import Measurement
import Reporting

/// The rates that `machine` measured last, in `$XDG_CACHE_HOME/conv-bench/machine.json`, or below
/// `~/.cache` if that is not set.
///
/// Only `machine` uses it, which prints when they were measured. `run` measures peaks and bandwidths
/// in its own process, always: `peak_fraction` and `bound` compare a time with what the machine could
/// do at that time, and a rate of another day, clock frequency or neighbour on the machine would make
/// them numbers that nobody measured. The file holds one machine: rates under other conditions
/// (`RateConditions`) are measured again and replace it.
struct MachineCache {
  /// Where the rates are.
  let file: CacheFile

  /// What the file holds.
  enum Content {
    /// There is no file.
    case nothing
    /// Rates that hold here and now.
    case rates(MachineRates)
    /// Something else, and what is wrong with it.
    case unusable(String)
  }

  /// The cache of the user who runs this; nil where no variable names a folder.
  init?(environment: [String: String]) {
    guard let file = CacheFile("machine.json", environment: environment) else { return nil }
    self.file = file
  }

  /// Reads the rates that hold under `conditions`.
  func read(_ conditions: RateConditions, now: Date = Date()) -> Content {
    let data: Data
    switch file.read() {
    case .nothing: return .nothing
    case .unusable(let reason): return .unusable(reason)
    case .data(let found): data = found
    }
    guard let rates = try? JSONDecoder().decode(MachineRates.self, from: data) else {
      return .unusable("holds no rates that this version reads")
    }
    let differences = rates.conditions.differences(from: conditions)
    guard differences.isEmpty else {
      return .unusable("holds rates of another \(differences.joined(separator: ", "))")
    }
    guard rates.isWhole else { return .unusable("is not whole") }
    guard rates.age(now: now) != nil else {
      return .unusable("was measured at '\(rates.measuredAt)', which is not in the past")
    }
    return .rates(rates)
  }

  /// Puts the rates in the file's place, in one step.
  func write(_ rates: MachineRates) throws(OutputError) {
    try file.write(JSONValue(encoding: rates).description + "\n")
  }
}
