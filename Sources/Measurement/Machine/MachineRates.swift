import Convolution
import Foundation

/// Peaks and bandwidths as they were measured at one time, with what they depend on.
public struct MachineRates: Codable, Hashable, Sendable {
  /// What the rates hold for.
  public var conditions: RateConditions
  /// When they were measured, ISO 8601 in UTC.
  public var measuredAt: String
  /// Load average over a minute before they were measured; nil where there is none to read.
  public var load: Double?
  /// FLOP/s for each instruction set and number of threads.
  public var peaks: [Peak]
  /// Bytes/s for each level and number of threads.
  public var bandwidths: [Bandwidth]

  /// A peak of multiply-adds.
  public struct Peak: Codable, Hashable, Sendable {
    /// Instruction set.
    public var isa: String
    /// Threads at once.
    public var threads: Int
    /// FLOP/s, all threads together.
    public var flopsPerSecond: MeasuredRate

    /// Creates a peak.
    public init(isa: String, threads: Int, flopsPerSecond: MeasuredRate) {
      self.isa = isa
      self.threads = threads
      self.flopsPerSecond = flopsPerSecond
    }
  }

  /// A bandwidth of reading.
  public struct Bandwidth: Codable, Hashable, Sendable {
    /// Level that is read from.
    public var level: MemoryLevel
    /// Threads at once.
    public var threads: Int
    /// Bytes/s, all threads together.
    public var bytesPerSecond: Double

    /// Creates a bandwidth.
    public init(level: MemoryLevel, threads: Int, bytesPerSecond: Double) {
      self.level = level
      self.threads = threads
      self.bytesPerSecond = bytesPerSecond
    }
  }

  /// Creates rates.
  public init(
    conditions: RateConditions, measuredAt: String, load: Double?, peaks: [Peak],
    bandwidths: [Bandwidth]
  ) {
    self.conditions = conditions
    self.measuredAt = measuredAt
    self.load = load
    self.peaks = peaks
    self.bandwidths = bandwidths
  }

  /// Measures every instruction set and level of memory for each number of threads; takes about a
  /// second for each.
  public static func measure(
    _ conditions: RateConditions, profile: MachineProfile = .shared, now: Date = Date()
  ) -> MachineRates {
    var rates = MachineRates(
      conditions: conditions, measuredAt: now.formatted(.iso8601),
      load: MachineDescription.currentLoadAverage().first, peaks: [], bandwidths: [])
    for threads in conditions.threads {
      for isa in InstructionSet.allCases where conditions.instructionSets.contains(isa.rawValue) {
        rates.peaks.append(
          Peak(
            isa: isa.rawValue, threads: threads,
            flopsPerSecond: profile.peak(isa, threads: threads)))
      }
      for level in MemoryLevel.allCases {
        guard let rate = profile.bandwidth(level, threads: threads) else { continue }
        rates.bandwidths.append(Bandwidth(level: level, threads: threads, bytesPerSecond: rate))
      }
    }
    return rates
  }

  /// Seconds since the rates were measured; nil if `measuredAt` is no time or is yet to come.
  public func age(now: Date = Date()) -> Double? {
    guard let date = try? Date(measuredAt, strategy: .iso8601) else { return nil }
    let seconds = now.timeIntervalSince(date)
    // The time is written in whole seconds.
    return seconds > -1 ? max(0, seconds) : nil
  }

  /// Whether there is a rate above zero for everything that the conditions name: false for a document
  /// that was cut, or changed by hand.
  public var isWhole: Bool {
    let expected = conditions.threads.flatMap { threads in
      conditions.instructionSets.map { "\($0)/\(threads)" }
    }
    let rates = peaks.flatMap { [$0.flopsPerSecond.best, $0.flopsPerSecond.median] }
    return peaks.map { "\($0.isa)/\($0.threads)" } == expected && !bandwidths.isEmpty
      && (rates + bandwidths.map(\.bytesPerSecond)).allSatisfy { $0 > 0 && $0.isFinite }
  }
}

/// What measured rates depend on: when any of it differs, they say nothing about this process.
public struct RateConditions: Codable, Hashable, Sendable {
  /// The machine's own name: a home folder may be shared by many of one model.
  public var host: String
  /// The machine's fingerprint.
  public var fingerprint: String
  /// Kernel name, release and machine type.
  public var kernel: String
  /// Instruction sets, best first.
  public var instructionSets: [String]
  /// Numbers of threads that are measured.
  public var threads: [Int]
  /// Cores that may be used.
  public var cores: CoreBudget
  /// Caches.
  public var caches: CacheHierarchy
  /// The executable that measures.
  public var build: BuildDescription
  /// When that file was written, seconds since 1970: two builds of one dirty tree differ; nil if unknown.
  public var buildTime: Double?

  /// The conditions on `machine`, for each number of threads.
  public init(_ machine: MachineDescription, threads: [Int]) {
    host = SystemText.systemName().host
    fingerprint = machine.fingerprint
    kernel = machine.kernel
    instructionSets = machine.instructionSets
    self.threads = threads
    cores = machine.cores
    caches = machine.caches
    build = machine.build
    let file = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let attributes = file.flatMap { try? FileManager.default.attributesOfItem(atPath: $0) }
    buildTime = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970.rounded()
  }

  /// What differs from `other`, by name; empty if nothing does.
  public func differences(from other: RateConditions) -> [String] {
    let comparisons = [
      ("host", host == other.host), ("machine", fingerprint == other.fingerprint),
      ("kernel", kernel == other.kernel),
      ("instruction sets", instructionSets == other.instructionSets),
      ("threads", threads == other.threads), ("usable cores", cores == other.cores),
      ("caches", caches == other.caches),
      (
        "build of conv-bench", build == other.build && buildTime == other.buildTime
      ),
    ]
    return comparisons.filter { !$0.1 }.map(\.0)
  }
}
