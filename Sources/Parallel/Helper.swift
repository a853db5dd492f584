import CPlatform
import Dispatch
import Glibc
import Synchronization

/// One thread's worth of help: a Dispatch block that takes part in a run and then waits a moment, with
/// its core, for the next one.
///
/// Waking a sleeping thread takes 20 to 50 µs, as long as a small convolution; the layers of a network
/// follow each other within less. Every parallel runtime that the suite is compared with waits
/// actively for that reason (OpenMP's `OMP_WAIT_POLICY`, 200 µs and more by default).
///
/// Owner: whoever took the helper from the `HelperPool`, one at a time.
final class Helper: Sendable {
  /// Where the work stands: nothing to do → posted by the owner → taken by the block → nothing.
  private enum Work {
    static let none = 0
    static let posted = 1
    static let taken = 2
  }

  /// How long a block waits for more.
  private static let patience: UInt64 = 200_000  // ns

  private let work = Atomic(Work.none)
  /// Whether a block is queued or running.
  private let isAlive = Atomic(false)
  // Safety: written by the owner while there is no work, read by the block after it took some; the
  // change of `work` in between orders the two.
  nonisolated(unsafe) private var run: UnsafePointer<ParallelRegion.Run>?
  nonisolated(unsafe) private var thread = 0
  /// Whether the block waits for more work. It looks also while it has none.
  private let lingers = Atomic(false)

  /// Offers a part in `run` as thread number `thread`; `run` must stay until `withdraw` has returned.
  func post(_ run: UnsafePointer<ParallelRegion.Run>, thread: Int, lingers: Bool) {
    (self.run, self.thread) = (run, thread)
    self.lingers.store(lingers, ordering: .relaxed)
    work.store(Work.posted, ordering: .sequentiallyConsistent)
    guard claimLife() else { return }
    DispatchQueue.global(qos: .userInitiated).async { self.live() }
  }

  /// Takes the offer back, or waits until the block has done its part.
  func withdraw() {
    let (isBack, _) = work.compareExchange(
      expected: Work.posted, desired: Work.none, ordering: .acquiringAndReleasing)
    if isBack { return }
    var wait = SpinWait()
    while work.load(ordering: .acquiring) != Work.none { wait.pause() }
  }

  private func live() {
    repeat {
      var deadline = Self.now() + (lingers.load(ordering: .relaxed) ? Self.patience : 0)
      var spins = 0
      while true {
        if takePart() {
          guard lingers.load(ordering: .relaxed) else { break }
          deadline = Self.now() + Self.patience
        }
        platform_spin_pause()
        spins &+= 1
        guard spins & 31 == 0 else { continue }
        if Self.now() >= deadline { break }
        // Where others want this core, the owner of the helper among them, they get it.
        sched_yield()
      }
      isAlive.store(false, ordering: .sequentiallyConsistent)
      // Work that was posted just before found this block alive and queued no other.
    } while work.load(ordering: .sequentiallyConsistent) == Work.posted && claimLife()
  }

  private func claimLife() -> Bool {
    isAlive.compareExchange(expected: false, desired: true, ordering: .sequentiallyConsistent)
      .exchanged
  }

  private func takePart() -> Bool {
    guard work.load(ordering: .relaxed) == Work.posted else { return false }
    let (isTaken, _) = work.compareExchange(
      expected: Work.posted, desired: Work.taken, ordering: .acquiringAndReleasing)
    guard isTaken else { return false }
    ParallelRegion.takePart(run!, thread: thread)
    work.store(Work.none, ordering: .releasing)
    return true
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
