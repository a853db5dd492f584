import Foundation

/// Fractions as people read them in verdicts.
public enum Percent {
  /// `5.0 %`.
  public static func plain(_ fraction: Double) -> String {
    String(format: "%.1f %%", fraction * 100)
  }

  /// `+12.3 %`.
  public static func signed(_ fraction: Double) -> String {
    String(format: "%+.1f %%", fraction * 100)
  }

  /// `+11.0…+13.6 %`.
  public static func interval(_ range: ClosedRange<Double>) -> String {
    String(format: "%+.1f…%+.1f %%", range.lowerBound * 100, range.upperBound * 100)
  }
}
