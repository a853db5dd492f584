import CPlatform

/// The helpers of this process. Regions that run at the same time take different ones.
enum HelperPool {
  private static let free = Guarded<[Helper]>([])

  /// CPUs that this process may use; helpers do not wait actively where threads outnumber them.
  static let cores = max(1, Int(platform_affinity_count()))

  /// Appends `count` helpers to `borrowed`: those freed last, which may still be awake. Allocates only
  /// when more helpers are in use than ever before.
  static func take(_ count: Int, into borrowed: inout [Helper]) {
    free.withLock { free in
      while free.count < count { free.insert(Helper(), at: 0) }
      borrowed.append(contentsOf: free.suffix(count))
      free.removeLast(count)
    }
  }

  /// Takes all of `borrowed` back, in the order in which they were given.
  static func giveBack(_ borrowed: inout [Helper]) {
    free.withLock { $0.append(contentsOf: borrowed) }
    borrowed.removeAll(keepingCapacity: true)
  }
}
