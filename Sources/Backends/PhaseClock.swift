import Convolution
import Glibc

/// Nanoseconds that each thread has spent in each phase.
///
/// Every thread has its own counters, two cache lines from the next one's; a reading takes some 25 ns.
struct PhaseClock {
  private let cells: UnsafeMutablePointer<UInt64>
  private let threads: Int

  /// The time of the last reading, then the sum of each phase.
  private static let stride = 16

  init(threads: Int) {
    self.threads = threads
    cells = .allocate(capacity: threads * Self.stride)
    cells.initialize(repeating: 0, count: threads * Self.stride)
  }

  /// Reads the clock: what follows belongs to the phase that is next given to `end`.
  func begin(_ thread: Int) { cells[thread * Self.stride] = Self.now() }

  /// Reads the clock: what `thread` did since it last did so belonged to `phase`.
  func end(_ phase: ConvolutionPhase, _ thread: Int) {
    let own = cells + thread * Self.stride
    let now = Self.now()
    own[1 + phase.rawValue] += now - own[0]
    own[0] = now
  }

  /// Ends the clock; returns the seconds of all threads in each phase of `phases`.
  func finish(_ phases: some Sequence<ConvolutionPhase>) -> [ConvolutionPhase: Double] {
    defer { cells.deallocate() }
    return Dictionary(
      uniqueKeysWithValues: phases.map { phase in
        let nanoseconds = (0..<threads).reduce(0) {
          $0 + cells[$1 * Self.stride + 1 + phase.rawValue]
        }
        return (phase, Double(nanoseconds) * 1e-9)
      })
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
