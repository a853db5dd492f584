extension Flag {
  /// The flags of `gate` and `compare`.
  static let comparison: [Flag] = [
    Flag("base", .value("PATH", of: .files), .comparison, [.gate], "the conv-bench to compare with")
    {
      $0.base = $1
    },
    Flag("base-ref", .value("REV"), .comparison, [.gate], "a git revision, built first") {
      $0.baseRevision = $1
    },
    Flag(
      "baseline", .value("FILE", of: .files), .comparison, [.gate], "stored results: only advice"
    ) {
      $0.baseline = $1
    },
    Flag("enforce", .none, .comparison, [.gate], "let a --baseline fail the gate") {
      o, _ in o.isEnforced = true
    },
    Flag("noise-threshold", .value("FRACTION"), .comparison, [.gate], "slow-down let through; 0.05")
    {
      $0.noiseThreshold = try Values.fraction($1)
    },
    Flag("time-limit", .value("SECONDS"), .comparison, [.gate], "for everything; 1800") {
      $0.timeLimit = try Values.seconds($1)
    },
    Flag("strict", .none, .comparison, [.compare], "exit 3 if the machines differ") {
      o, _ in o.isStrict = true
    },
  ]
}
