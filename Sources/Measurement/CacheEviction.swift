import CPlatform
import Convolution

/// Empties the caches of every core that the process may use, before each cold sample.
///
/// The calling thread visits each core and reads there its share of three times the last-level
/// cache, at least four times the core's own. That drives out source, weights, destination and
/// workspace of any plan alike, whoever holds them; it happens outside the timed region, and the
/// thread's affinity is put back.
final class CacheEviction {
  private let memory: AlignedBuffer
  private let cpus: [Int]
  private var sum: Float = 0

  /// Prepares to empty `caches` on `cpus`.
  init(caches: CacheHierarchy, cpus: [Int]) throws(AllocationError) {
    let lastLevel = 3 * caches.lastLevel / max(1, min(cpus.count, caches.lastLevelSharedBy))
    memory = try AlignedBuffer(count: max(lastLevel, 4 * caches.l2) / MemoryLayout<Float>.size)
    self.cpus = cpus
  }

  /// Empties the caches.
  func run() {
    for cpu in cpus {
      guard platform_run_on_cpu(Int32(cpu)) else { continue }
      sweep()
    }
    platform_restore_affinity()
    if cpus.isEmpty { sweep() }
  }

  /// Reads one float of each cache line; the sum keeps the reads from being left out.
  private func sweep() {
    for i in stride(from: 0, to: memory.count, by: 16) { sum += memory.baseAddress[i] }
  }
}
