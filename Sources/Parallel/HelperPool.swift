import CPlatform
import Synchronization

/// The helpers of this process. Regions that run at the same time take different ones.
enum HelperPool {
  private static let free = Mutex<[Helper]>([])

  /// CPUs that this process may use; helpers do not wait actively where threads outnumber them.
  static let cores = max(1, Int(platform_affinity_count()))

  /// Runs `body` with `count` helpers: those freed last, which may still be awake.
  static func withHelpers(_ count: Int, _ body: ([Helper]) -> Void) {
    let helpers = free.withLock { free in
      while free.count < count { free.insert(Helper(), at: 0) }
      defer { free.removeLast(count) }
      return Array(free.suffix(count))
    }
    body(helpers)
    free.withLock { $0.append(contentsOf: helpers) }
  }
}
