import Foundation

/// Figures as people read them: four digits that count, and a unit.
public enum Quantity {
  /// `1.718 ms`; `–` for nil.
  public static func time(milliseconds: Double?) -> String {
    guard let milliseconds, milliseconds.isFinite else { return "–" }
    let units: [(scale: Double, name: String)] = [(1e-3, "s"), (1, "ms"), (1e3, "µs"), (1e6, "ns")]
    let unit = units.first { rounded(milliseconds * $0.scale) >= 1 } ?? units[3]
    return "\(digits(milliseconds * unit.scale)) \(unit.name)"
  }

  /// `± 1 %`, the larger half of an interval; empty without one.
  public static func uncertainty(_ fraction: Double?) -> String {
    guard let fraction, fraction.isFinite else { return "" }
    return String(format: fraction < 0.0095 ? "± %.1f %%" : "± %.0f %%", fraction * 100)
  }

  /// `3.699 GFLOP`, `235.2 kFLOP`.
  public static func work(gflop: Double) -> String {
    let units: [(scale: Double, name: String)] = [(1, "GFLOP"), (1e3, "MFLOP"), (1e6, "kFLOP")]
    let unit = units.first { rounded(gflop * $0.scale) >= 1 } ?? (1e9, "FLOP")
    return "\(digits(gflop * unit.scale)) \(unit.name)"
  }

  /// `215.3`, a rate in GFLOP/s; `–` for nil.
  public static func rate(_ gflops: Double?) -> String {
    guard let gflops, gflops.isFinite else { return "–" }
    return gflops < 0.95 ? digits(gflops) : String(format: "%.1f", gflops)
  }

  /// `215.3`: four digits that count, no more than needed before the point.
  public static func digits(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    guard value != 0 else { return "0" }
    let exponent = Int(log10(abs(rounded(value))).rounded(.down))
    return String(format: "%.*f", max(0, min(9, 3 - exponent)), value)
  }

  /// `12.1 MiB`; `–` for nil.
  public static func bytes(_ count: Int?) -> String {
    guard let count else { return "–" }
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var value = Double(count)
    var unit = 0
    while value >= 1023.95, unit + 1 < units.count {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(count) B" : String(format: "%.1f \(units[unit])", value)
  }

  /// `69 %`; `–` for nil.
  public static func percent(_ fraction: Double?) -> String {
    guard let fraction, fraction.isFinite else { return "–" }
    return String(format: fraction < 0.095 ? "%.1f %%" : "%.0f %%", fraction * 100)
  }

  /// `3.1e-06`, `0` when exact; `–` for nil.
  public static func error(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "–" }
    return value == 0 ? "0" : String(format: "%.1e", value)
  }

  /// `2.31×`.
  public static func ratio(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    return String(format: value < 9.995 ? "%.2f×" : value < 99.95 ? "%.1f×" : "%.0f×", value)
  }

  /// A bar of up to `width` cells in eighths; fractions beyond 0…1 are cut.
  public static func bar(_ fraction: Double, width: Int) -> String {
    guard fraction.isFinite else { return "" }
    let eighths = Int((min(max(fraction, 0), 1) * Double(width * 8)).rounded())
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
  }

  /// Rounded to four digits that count.
  private static func rounded(_ value: Double) -> Double {
    guard value != 0, value.isFinite else { return value }
    let scale = pow(10, 3 - log10(abs(value)).rounded(.down))
    guard scale.isFinite, scale > 0 else { return value }
    return (value * scale).rounded() / scale
  }
}
