import Glibc

/// A clock that only moves forward; measurements take theirs from outside so that they can be tested
/// with a clock that is moved by hand.
public protocol TimeSource: Sendable {
  /// Nanoseconds since some fixed moment.
  func nanoseconds() -> UInt64
  /// Seconds of the smallest step that the clock shows.
  var resolution: Double { get }
}

extension TimeSource {
  /// Seconds since `start`, a reading of this clock.
  public func seconds(since start: UInt64) -> Double { Double(nanoseconds() - start) * 1e-9 }

  /// Seconds that `body` takes.
  public func time(_ body: () -> Void) -> Double {
    let start = nanoseconds()
    body()
    return seconds(since: start)
  }
}

/// `CLOCK_MONOTONIC_RAW`: never set, never slewed.
public struct MonotonicClock: TimeSource {
  /// Creates a reader of the clock.
  public init() {}

  /// Nanoseconds since the system started.
  public func nanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC_RAW, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
  }

  /// Seconds of the smallest step seen between two different readings, measured once a process; it
  /// holds the cost of a reading.
  public var resolution: Double { Self.measuredResolution }

  private static let measuredResolution: Double = {
    let clock = MonotonicClock()
    let steps = (0..<1000).map { _ -> UInt64 in
      let start = clock.nanoseconds()
      var next = clock.nanoseconds()
      while next == start { next = clock.nanoseconds() }
      return next - start
    }
    return Double(steps.min()!) * 1e-9
  }()
}
