import Measurement
import Synchronization

/// A clock that stands still until it is moved.
final class ManualClock: TimeSource {
  private let now = Atomic<UInt64>(1_000)
  let resolution: Double

  init(resolution: Double = 1e-9) { self.resolution = resolution }

  func nanoseconds() -> UInt64 { now.load(ordering: .relaxed) }

  func advance(_ seconds: Double) {
    now.add(UInt64((seconds * 1e9).rounded()), ordering: .relaxed)
  }
}
