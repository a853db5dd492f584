import Backends
import Convolution
import Dispatch
import Glibc
import Synchronization

/// Rates of one measurement that was repeated.
public struct MeasuredRate: Codable, Hashable, Sendable {
  /// The fastest window.
  public var best: Double
  /// The median window.
  public var median: Double

  /// Creates a rate.
  public init(best: Double, median: Double) {
    self.best = best
    self.median = median
  }
}

/// What the machine can do: multiply-add rate and read bandwidths, measured in this process when
/// first asked for and then remembered.
public final class MachineProfile: Sendable {
  /// The profile of this process.
  public static let shared = MachineProfile(caches: .current)

  /// The caches whose bandwidths are measured.
  public let caches: CacheHierarchy
  private let clock = MonotonicClock()
  private let peaks = Mutex<[PeakKey: MeasuredRate]>([:])
  private let bandwidths = Mutex<[BandwidthKey: Double]>([:])

  private struct PeakKey: Hashable {
    let isa: InstructionSet
    let threads: Int
  }

  private struct BandwidthKey: Hashable {
    let level: MemoryLevel
    let threads: Int
  }

  /// Creates a profile in which nothing is measured yet.
  init(caches: CacheHierarchy) { self.caches = caches }

  /// FLOP/s of independent multiply-adds in registers on `threads` threads at once; `isa` must be
  /// available.
  public func peak(_ isa: InstructionSet, threads: Int) -> MeasuredRate {
    let key = PeakKey(isa: isa, threads: threads)
    if let known = peaks.withLock({ $0[key] }) { return known }
    let rate = measureUndisturbedPeak(isa, threads: threads)
    peaks.withLock { $0[key] = rate }
    return rate
  }

  /// Bytes/s of reading from `level` on `threads` threads at once, each its own part; nil for a level
  /// that this machine lacks or when there is no memory for it.
  public func bandwidth(_ level: MemoryLevel, threads: Int) -> Double? {
    let key = BandwidthKey(level: level, threads: threads)
    if let known = bandwidths.withLock({ $0[key] }) { return known }
    guard let rate = measureBandwidth(level, threads: threads) else { return nil }
    bandwidths.withLock { $0[key] = rate }
    return rate
  }

  /// By how much the peak of `isa` and `threads` is now below (−) or above what was first measured,
  /// as a fraction; nil if it was not measured before.
  public func peakDrift(_ isa: InstructionSet, threads: Int) -> Double? {
    let key = PeakKey(isa: isa, threads: threads)
    guard let before = peaks.withLock({ $0[key] }) else { return nil }
    return measurePeak(isa, threads: threads).median / before.median - 1
  }

  /// A line for each peak measured in this process that has since moved by more than 5 %.
  public func driftWarnings() -> [String] {
    let keys = peaks.withLock { Array($0.keys) }
    return keys.sorted { ($0.isa.rawValue, $0.threads) < ($1.isa.rawValue, $1.threads) }
      .compactMap { key in
        guard let drift = peakDrift(key.isa, threads: key.threads), abs(drift) > 0.05 else {
          return nil
        }
        let percent = (abs(drift) * 1000).rounded() / 10
        return
          "the \(key.isa.rawValue) peak on \(key.threads) thread\(key.threads == 1 ? "" : "s") "
          + "\(drift < 0 ? "fell" : "rose") by \(percent) % during the run: fix the clock frequency or "
          + "leave the machine alone, then measure again"
      }
  }

  /// Seconds that a window of measuring lasts, and how many there are.
  private static let window = 0.02
  private static let windows = 7
  /// Measurements that a peak gets besides the first.
  private static let chances = 6

  /// Another program on one core halves what two threads reach, and `peak_fraction` would be above 1
  /// for the rest of the process: far below its share of one thread's peak, a peak gets more chances.
  private func measureUndisturbedPeak(_ isa: InstructionSet, threads: Int) -> MeasuredRate {
    var rate = measurePeak(isa, threads: threads)
    guard threads > 1 else { return rate }
    let expected = 0.9 * Double(threads) * peak(isa, threads: 1).best
    for _ in 0..<Self.chances where rate.best < expected {
      usleep(100_000)
      let next = measurePeak(isa, threads: threads)
      if next.best > rate.best { rate = next }
    }
    return rate
  }

  private func measurePeak(_ isa: InstructionSet, threads: Int) -> MeasuredRate {
    let kernels = isa.kernels
    // 0.5·x + 1 converges to 2: no overflow, no denormal numbers. Threads write two cache lines apart.
    let stride = 32
    let cells = UnsafeMutablePointer<Float>.allocate(capacity: threads * stride)
    defer { cells.deallocate() }
    for thread in 0..<threads {
      cells[thread * stride] = 0.5
      cells[thread * stride + 1] = 1
    }
    // Safety: each thread uses its own cell.
    nonisolated(unsafe) let shared = cells
    return measureRate { repetitions in
      let flops = kernels.peak(1, cells)
      let iterations = repetitions * 1000
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        _ = kernels.peak(iterations, shared + thread * stride)
      }
      return flops * Double(iterations) * Double(threads)
    }
  }

  private func measureBandwidth(_ level: MemoryLevel, threads: Int) -> Double? {
    let kernels = InstructionSet.best.kernels
    let granule = 16 * kernels.lanes
    guard let bytes = caches.probeBytes(level, threads: threads) else { return nil }
    let count = max(granule, bytes / MemoryLayout<Float>.size / granule * granule)
    guard let memory = try? AlignedBuffer(count: count * threads) else { return nil }
    // Safety: threads only read.
    nonisolated(unsafe) let start = memory.readOnly
    let rate = measureRate { repetitions in
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        for _ in 0..<repetitions { _ = kernels.read(start + thread * count, count) }
      }
      return Double(repetitions * count * threads * MemoryLayout<Float>.size)
    }
    return rate.best
  }

  /// The rate of `work`, which does a number of repetitions and returns what it did in all.
  private func measureRate(_ work: (Int) -> Double) -> MeasuredRate {
    var repetitions = 1
    var seconds = 0.0
    // The first pass also warms up; repetitions grow until one pass fills a quarter of a window.
    while true {
      seconds = clock.time { _ = work(repetitions) }
      if seconds >= Self.window / 4 { break }
      repetitions *= 2
    }
    repetitions = max(1, Int(Double(repetitions) * Self.window / seconds))
    let rates = (0..<Self.windows).map { _ -> Double in
      var done = 0.0
      let seconds = clock.time { done = work(repetitions) }
      return done / seconds
    }.sorted()
    return MeasuredRate(best: rates[rates.count - 1], median: rates[rates.count / 2])
  }
}
