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
