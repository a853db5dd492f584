import Measurement

/// A moment after which nobody waits any longer.
struct Deadline {
  private let clock: MonotonicClock
  private let start: UInt64
  private let seconds: Double

  /// In so many seconds from now.
  init(after seconds: Double) {
    clock = MonotonicClock()
    start = clock.nanoseconds()
    self.seconds = seconds
  }

  /// Seconds left; negative once it has passed.
  var secondsLeft: Double { seconds - clock.seconds(since: start) }

  /// Whether it has passed.
  var isPast: Bool { secondsLeft <= 0 }

  /// In `seconds` from now, or when this one passes if that is earlier.
  func orAfter(_ seconds: Double) -> Deadline { Deadline(after: min(seconds, secondsLeft)) }
}
