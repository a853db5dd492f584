import Foundation

/// The data caches, bytes of one instance each.
public struct CacheHierarchy: Codable, Hashable, Sendable {
  /// First-level data cache of a core.
  public var l1d: Int
  /// Second-level cache of a core.
  public var l2: Int
  /// Last-level cache; nil if the second level is the last.
  public var l3: Int?
  /// Cores that share one last-level cache.
  public var lastLevelSharedBy: Int
  /// Whether the system said so; false for sizes that were assumed.
  public var isReported: Bool

  /// Creates sizes, bytes.
  public init(l1d: Int, l2: Int, l3: Int?, lastLevelSharedBy: Int, isReported: Bool = true) {
    self.l1d = l1d
    self.l2 = l2
    self.l3 = l3
    self.lastLevelSharedBy = lastLevelSharedBy
    self.isReported = isReported
  }

  /// Bytes of the last level.
  public var lastLevel: Int { l3 ?? l2 }

  /// What is assumed where nothing can be read: small sizes of today's cores.
  static let assumed = CacheHierarchy(
    l1d: 32 << 10, l2: 512 << 10, l3: 16 << 20, lastLevelSharedBy: 1, isReported: false)

  /// Reads `…/cpu0/cache` in sysfs; nil if there is no such folder.
  init?(folder: String) {
    var sizes: [Int: (bytes: Int, sharedBy: Int)] = [:]
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for index in entries where index.hasPrefix("index") {
      let path = "\(folder)/\(index)"
      guard let level = SystemText.number("\(path)/level"),
        SystemText.read("\(path)/type") != "Instruction",
        let bytes = SystemText.read("\(path)/size").flatMap(Self.bytes)
      else { continue }
      let sharedBy = SystemText.read("\(path)/shared_cpu_list").map(Self.count) ?? 1
      sizes[level] = (bytes, max(1, sharedBy))
    }
    guard let l1d = sizes[1], let l2 = sizes[2] else { return nil }
    self.init(
      l1d: l1d.bytes, l2: l2.bytes, l3: sizes[3]?.bytes,
      lastLevelSharedBy: (sizes[3] ?? l2).sharedBy)
  }

  /// The caches of this machine: from sysfs, from the C library, or assumed.
  public static let current: CacheHierarchy =
    CacheHierarchy(folder: "/sys/devices/system/cpu/cpu0/cache") ?? fromSysconf() ?? assumed

  private static func fromSysconf() -> CacheHierarchy? {
    let l1d = sysconf(Int32(_SC_LEVEL1_DCACHE_SIZE))
    let l2 = sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))
    let l3 = sysconf(Int32(_SC_LEVEL3_CACHE_SIZE))
    guard l1d > 0, l2 > 0 else { return nil }
    return CacheHierarchy(l1d: l1d, l2: l2, l3: l3 > 0 ? l3 : nil, lastLevelSharedBy: 1)
  }

  /// `48K`, `32M` or plain bytes.
  static func bytes(_ text: String) -> Int? {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    guard let last = text.last, let unit = units[last] else { return Int(text) }
    return Int(text.dropLast()).map { $0 * unit }
  }

  /// The CPUs in a list such as `0-3,8`.
  static func count(_ list: String) -> Int {
    list.split(separator: ",").reduce(0) { count, range in
      let ends = range.split(separator: "-").compactMap { Int($0) }
      return count + (ends.count == 2 ? ends[1] - ends[0] + 1 : ends.count)
    }
  }
}
