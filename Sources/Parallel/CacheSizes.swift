import Glibc

/// Data cache sizes of one core, in bytes, as the system reports them.
///
/// Block sizes follow from these by rule. Unknown sizes (0 in some containers) fall back to those
/// of a small current core.
public struct CacheSizes: Hashable, Sendable {
  /// First level.
  public let l1: Int
  /// Second level.
  public let l2: Int
  /// Third level, which cores share; twice the second where there is none.
  public let l3: Int

  /// This machine's.
  public static let current = CacheSizes(
    l1: size(Int32(_SC_LEVEL1_DCACHE_SIZE), or: 32 << 10),
    l2: size(Int32(_SC_LEVEL2_CACHE_SIZE), or: 512 << 10),
    l3: sharedSize())

  /// Given sizes; no third level below twice the second.
  public init(l1: Int, l2: Int, l3: Int) {
    self.l1 = l1
    self.l2 = l2
    self.l3 = max(l3, 2 * l2)
  }

  /// From sysfs: of several third-level caches the C library reports the sum.
  private static func sharedSize() -> Int {
    guard let file = fopen("/sys/devices/system/cpu/cpu0/cache/index3/size", "r") else { return 0 }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 32)
    guard fgets(&text, Int32(text.count), file) != nil else { return 0 }
    return strtol(text, nil, 10) << 10  // `32768K`
  }

  private static func size(_ name: Int32, or fallback: Int) -> Int {
    let bytes = sysconf(name)
    return bytes > 0 ? bytes : fallback
  }
}
