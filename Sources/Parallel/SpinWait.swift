import CPlatform
import Glibc

/// A wait that spins, and lets other threads have the core once that takes long.
struct SpinWait {
  private var spins = 0

  mutating func pause() {
    platform_spin_pause()
    spins += 1
    if spins > 4096 { sched_yield() }
  }
}
