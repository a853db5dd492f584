import Backends
import Convolution

/// What `conv-bench machine` shows: the description and the measured rates.
public struct MachineReport: Codable, Hashable, Sendable {
  /// The machine, the process and its libraries.
  public var machine: MachineDescription
  /// The `machine` column of result files.
  public var fingerprint: String
  /// FLOP/s for each instruction set and number of threads.
  public var peaks: [Peak]
  /// Bytes/s for each level and number of threads.
  public var bandwidths: [Bandwidth]
  /// What makes figures from this machine doubtful, with the cure.
  public var warnings: [String]

  /// A peak of multiply-adds.
  public struct Peak: Codable, Hashable, Sendable {
    /// Instruction set.
    public var isa: String
    /// Threads at once.
    public var threads: Int
    /// FLOP/s, all threads together.
    public var flopsPerSecond: MeasuredRate
  }

  /// A bandwidth of reading.
  public struct Bandwidth: Codable, Hashable, Sendable {
    /// Level that is read from.
    public var level: MemoryLevel
    /// Threads at once.
    public var threads: Int
    /// Bytes/s, all threads together.
    public var bytesPerSecond: Double
  }

  /// Measures the machine for each number of threads; takes about a second for each.
  public static func measure(
    threads: [Int], profile: MachineProfile = .shared
  ) -> MachineReport {
    let machine = MachineDescription.current()
    var peaks: [Peak] = []
    var bandwidths: [Bandwidth] = []
    for threads in threads {
      for isa in InstructionSet.available {
        peaks.append(
          Peak(
            isa: isa.rawValue, threads: threads,
            flopsPerSecond: profile.peak(isa, threads: threads)))
      }
      for level in MemoryLevel.allCases {
        guard let rate = profile.bandwidth(level, threads: threads) else { continue }
        bandwidths.append(Bandwidth(level: level, threads: threads, bytesPerSecond: rate))
      }
    }
    return MachineReport(
      machine: machine, fingerprint: machine.fingerprint, peaks: peaks, bandwidths: bandwidths,
      warnings: machine.warnings(threads: threads.max() ?? 1))
  }
}
