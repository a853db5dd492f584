import Foundation
import Synchronization

/// One line on standard error that says how far a run is, redrawn in place.
///
/// Draw it only between timed regions.
public final class ProgressLine: Sendable {
  private let isEnabled: Bool
  private let width: Int
  private let write: @Sendable (String) -> Void
  private let state = Mutex(State())

  private struct State {
    var isShown = false
    var lastDrawn = -Double.infinity
    var label = ""
  }

  /// Seconds between two drawings of the same label, at least.
  private static let interval = 0.1

  /// Creates a line; without `isEnabled` nothing is ever written.
  public init(isEnabled: Bool, width: Int, write: @escaping @Sendable (String) -> Void) {
    self.isEnabled = isEnabled
    self.width = width
    self.write = write
  }

  /// Shows the state; at once if the label is a new one, since what it names may last.
  ///
  /// - Parameters:
  ///   - fraction: the part done, 0…1.
  ///   - elapsed: seconds since the start.
  public func show(fraction: Double, elapsed: Double, label: String) {
    guard isEnabled else { return }
    state.withLock { state in
      let isDue = elapsed - state.lastDrawn >= Self.interval
      guard isDue || label != state.label else { return }
      state.label = label
      state.lastDrawn = elapsed
      state.isShown = true
      let text = Self.text(fraction: fraction, elapsed: elapsed, label: label, width: width - 1)
      write("\r\(text)\u{1B}[K")
    }
  }

  /// Removes the line, so that something else can be written.
  public func clear() {
    state.withLock { state in
      guard state.isShown else { return }
      state.isShown = false
      state.lastDrawn = -.infinity
      write("\r\u{1B}[K")
    }
  }

  /// The line's text, cut to `width` characters.
  static func text(fraction: Double, elapsed: Double, label: String, width: Int) -> String {
    let fraction = min(max(fraction, 0), 1)
    let bar = Quantity.bar(fraction, width: 20)
    let padded = bar + String(repeating: "░", count: 20 - bar.count)
    let percent = String(format: "%3.0f %%", fraction * 100)
    // Too little is known before that to foretell anything.
    let remaining = fraction > 0.01 ? elapsed * (1 - fraction) / fraction : nil
    let eta = remaining.map { " \(clock($0)) left" } ?? ""
    return String("\(padded) \(percent)\(eta)  \(label)".prefix(max(width, 0)))
  }

  /// `0:07`, `12:34`, `1:02:03`.
  private static func clock(_ seconds: Double) -> String {
    let total = Int(min(seconds, 359_999).rounded(.up))
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
    return hours > 0
      ? String(format: "%d:%02d:%02d", hours, minutes, rest)
      : String(format: "%d:%02d", minutes, rest)
  }
}
