import Convolution

/// The roofline of one instruction set and number of threads.
public struct Roofline: Hashable, Sendable {
  /// FLOP/s of multiply-adds.
  public let peak: Double
  /// Caches, which say where a working set lives.
  public let caches: CacheHierarchy
  /// Threads, each on its own core.
  public let threads: Int
  /// Bytes/s of reading from each level.
  public let bandwidths: [MemoryLevel: Double]

  /// Creates a roofline from rates measured before.
  public init(
    peak: Double, caches: CacheHierarchy, threads: Int, bandwidths: [MemoryLevel: Double]
  ) {
    self.peak = peak
    self.caches = caches
    self.threads = threads
    self.bandwidths = bandwidths
  }

  /// Seconds that a call takes at least, and what says so: the larger of `flops / peak` and
  /// `bytes / bandwidth` of the level that the working set lives in.
  ///
  /// A working set within the first level counts as bound by computing.
  ///
  /// - Parameters:
  ///   - flops: floating-point operations really done.
  ///   - bytes: the working set: source, destination, weights and workspace, each moved once.
  public func limit(flops: Double, bytes: Int) -> (bound: Bound, seconds: Double) {
    let compute = flops / peak
    let home = caches.home(of: bytes, threads: threads)
    guard let bound = Self.bounds[home], let bandwidth = bandwidths[home] else {
      return (.compute, compute)
    }
    let memory = Double(bytes) / bandwidth
    return memory > compute ? (bound, memory) : (.compute, compute)
  }

  /// Seconds that a phase takes at least, and what says so: the larger of `flops / peak` and the sum of
  /// `bytes / bandwidth` over all that moves, each from the level that it lives in. What moves binds by
  /// the level that takes longest.
  ///
  /// What lives in the first level takes no time of its own.
  public func limit(_ work: PhaseWork) -> (bound: Bound, seconds: Double) {
    let compute = work.flops / peak
    var seconds: [Bound: Double] = [:]
    for traffic in work.traffic {
      let home = home(of: traffic)
      guard let bound = Self.bounds[home], let bandwidth = bandwidths[home] else { continue }
      seconds[bound, default: 0] += traffic.bytes / bandwidth
    }
    let memory = seconds.values.reduce(0, +)
    guard memory > compute, let slowest = seconds.max(by: { $0.value < $1.value }) else {
      return (.compute, compute)
    }
    return (slowest.key, memory)
  }

  /// Private caches hold what threads share once each, the last level once for all.
  private func home(of traffic: PhaseWork.Traffic) -> MemoryLevel {
    let (own, shared) = (traffic.footprint, traffic.shared)
    let withCopies = caches.home(of: own + threads * shared, threads: threads)
    if withCopies == .l1 || withCopies == .l2 { return withCopies }
    let home = caches.home(of: own + shared, threads: threads)
    return home == .dram || caches.l3 == nil ? .dram : .l3
  }

  private static let bounds: [MemoryLevel: Bound] = [.l2: .l2, .l3: .l3, .dram: .dram]
}

extension MachineProfile {
  /// The roofline of `isa` on `threads` threads; measures what is not known yet.
  public func roofline(_ isa: InstructionSet, threads: Int) -> Roofline {
    var bandwidths: [MemoryLevel: Double] = [:]
    for level in MemoryLevel.allCases { bandwidths[level] = bandwidth(level, threads: threads) }
    return Roofline(
      peak: peak(isa, threads: threads).best, caches: caches, threads: threads,
      bandwidths: bandwidths)
  }
}
