import CPlatform
import Foundation
import Measurement
import Reporting
import Synchronization

/// SIGINT, SIGTERM and SIGHUP: the first asks a run to stop, the second ends the process. A command that
/// never said what to do before the end cannot stop half-way, and ends with the first.
///
/// What comes within a moment of the first is the same request: `timeout` signals its child and then
/// its group, which the child is in, and a terminal's group may hold a script that passes signals on.
final class Interruption: Sendable {
  /// Of this process.
  static let shared = Interruption()

  /// Seconds of that moment.
  private static let moment = 0.1

  private let signal = Atomic<Int32>(0)
  private let clock = MonotonicClock()
  private let firstTime = Atomic<UInt64>(0)
  private let lastWill = Mutex<(@Sendable () -> Void)?>(nil)
  private let endsAtOnce = Atomic<Bool>(true)

  /// The first signal that came; nil before.
  var received: Int32? {
    let value = signal.load(ordering: .relaxed)
    return value == 0 ? nil : value
  }

  /// Begins to listen.
  func start() {
    let descriptor = platform_signal_pipe()
    guard descriptor >= 0 else { return }
    Thread.detachNewThread { [self] in
      while true {
        var number: UInt8 = 0
        guard read(descriptor, &number, 1) == 1 else { continue }
        handle(Int32(number))
      }
    }
  }

  /// What to do before a second signal ends the process.
  func onSecondSignal(_ action: @escaping @Sendable () -> Void) {
    lastWill.withLock { $0 = action }
    endsAtOnce.store(false, ordering: .relaxed)
  }

  /// What to do before the first signal ends the process.
  func onFirstSignal(_ action: @escaping @Sendable () -> Void) {
    lastWill.withLock { $0 = action }
  }

  /// Tells whoever pressed Ctrl-C at a terminal; a script that sends signals knows what it does.
  private func sayThatItStops() {
    guard Console.isTerminal(STDERR_FILENO) else { return }
    // In place of the progress line, behind which the terminal has written ^C.
    let start = ProcessInfo.processInfo.environment["TERM"] == "dumb" ? "\n" : "\r\u{1B}[K"
    Console.standardError(
      start + "conv-bench: note: stopping after the current step; Ctrl-C again stops at once\n")
  }

  private func handle(_ number: Int32) {
    let (isFirst, _) = signal.compareExchange(
      expected: 0, desired: number, ordering: .relaxed)
    if isFirst { firstTime.store(clock.nanoseconds(), ordering: .relaxed) }
    let isLate = clock.seconds(since: firstTime.load(ordering: .relaxed)) > Self.moment
    guard endsAtOnce.load(ordering: .relaxed) || isLate else {
      if isFirst && number == SIGINT { sayThatItStops() }
      return
    }
    lastWill.withLock { $0 }?()
    _exit(ExitStatus.interrupted(signal: number).code)
  }
}
