/// A level of the memory hierarchy.
public enum MemoryLevel: String, CaseIterable, Codable, Sendable {
  /// First-level data cache.
  case l1
  /// Second-level cache.
  case l2
  /// Third-level cache.
  case l3
  /// Memory.
  case dram
}

extension CacheHierarchy {
  /// Bytes that `threads` cores hold together in a level; nil for memory, which holds anything, and
  /// for a level that is not there.
  func capacity(_ level: MemoryLevel, threads: Int) -> Int? {
    switch level {
    case .l1: l1d * threads
    case .l2: l2 * threads
    case .l3: l3.map { $0 * ((threads + lastLevelSharedBy - 1) / lastLevelSharedBy) }
    case .dram: nil
    }
  }

  /// The level in which `bytes`, spread over `threads` cores, live.
  func home(of bytes: Int, threads: Int) -> MemoryLevel {
    MemoryLevel.allCases.first { level in
      capacity(level, threads: threads).map { bytes <= $0 } ?? false
    } ?? .dram
  }

  /// Bytes that one of `threads` threads reads to measure a level: half of a private cache; half of
  /// the shared one, but more than the levels below it hold; for memory four times all caches. Nil
  /// for a level that is not there.
  func probeBytes(_ level: MemoryLevel, threads: Int) -> Int? {
    switch level {
    case .l1: l1d / 2
    case .l2: l2 / 2
    case .l3: capacity(.l3, threads: threads).map { max($0 / 2 / threads, 2 * l2) }
    case .dram:
      4 * max(capacity(.l3, threads: threads) ?? 0, l2 * threads) / threads
    }
  }
}
