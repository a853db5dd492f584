import Backends
import Convolution

/// What `conv-bench machine` shows: the description and the measured rates.
public struct MachineReport: Codable, Hashable, Sendable {
  /// The machine, the process and its libraries, now.
  public var machine: MachineDescription
  /// The `machine` column of result files.
  public var fingerprint: String
  /// When peaks and bandwidths were measured, ISO 8601 in UTC.
  public var measuredAt: String
  /// Whether an earlier process measured them.
  public var isCached: Bool
  /// FLOP/s for each instruction set and number of threads.
  public var peaks: [MachineRates.Peak]
  /// Bytes/s for each level and number of threads.
  public var bandwidths: [MachineRates.Bandwidth]
  /// What makes figures from this machine doubtful now, with the cure.
  public var warnings: [String]
  /// The register tiles on their own; nil unless asked for.
  public var kernels: [KernelRate]?

  private enum CodingKeys: String, CodingKey {
    case machine, fingerprint, peaks, bandwidths, warnings, kernels
    case measuredAt = "measured_at"
    case isCached = "cached"
  }

  /// Joins the description of the machine now with rates measured now or before.
  ///
  /// - Parameter isCached: whether an earlier process measured `rates`.
  public init(_ machine: MachineDescription, rates: MachineRates, isCached: Bool) {
    self.machine = machine
    self.isCached = isCached
    fingerprint = machine.fingerprint
    measuredAt = rates.measuredAt
    peaks = rates.peaks
    bandwidths = rates.bandwidths
    warnings = machine.warnings(threads: rates.conditions.threads.max() ?? 1)
  }
}
