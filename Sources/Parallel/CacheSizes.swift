import Glibc

/// Data cache sizes of one core, in bytes, as the C library reports them.
///
/// Block sizes follow from these by rule. Unknown sizes (0 in some containers) fall back to those
/// of a small current core.
public struct CacheSizes: Hashable, Sendable {
  /// First level.
  public let l1: Int
  /// Second level.
  public let l2: Int

  /// This machine's.
  public static let current = CacheSizes(
    l1: size(Int32(_SC_LEVEL1_DCACHE_SIZE), or: 32 << 10),
    l2: size(Int32(_SC_LEVEL2_CACHE_SIZE), or: 512 << 10))

  /// Given sizes.
  public init(l1: Int, l2: Int) {
    self.l1 = l1
    self.l2 = l2
  }

  private static func size(_ name: Int32, or fallback: Int) -> Int {
    let bytes = sysconf(name)
    return bytes > 0 ? bytes : fallback
  }
}
