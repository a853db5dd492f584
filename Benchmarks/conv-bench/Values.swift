import Backends
import Convolution

/// Reads the values of flags.
enum Values {
  /// Sizes beyond this are mistakes; it is the limit of a problem's fields too.
  private static let largest = 1 << 40
  private static let longest = 1e6

  /// Names with commas between them.
  static func list(_ text: String) throws(ValueError) -> [String] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard parts.allSatisfy({ !$0.isEmpty }) else {
      throw ValueError("'\(text)' has an empty name in its list")
    }
    return parts
  }

  /// A whole number from 1 up.
  static func positive(_ text: String, _ what: String) throws(ValueError) -> Int {
    guard let value = Int(text), 1...largest ~= value else {
      throw ValueError("'\(text)' is not \(what); give a whole number from 1 up")
    }
    return value
  }

  /// Whole numbers from 1 up with commas between them.
  static func positives(_ text: String, _ what: String) throws(ValueError) -> [Int] {
    var values: [Int] = []
    for part in try list(text) { values.append(try positive(part, what)) }
    return values
  }

  /// A time.
  static func seconds(_ text: String) throws(ValueError) -> Double {
    guard let value = Double(text), value.isFinite, 0...longest ~= value else {
      throw ValueError("'\(text)' is not a time; give seconds, such as 0.5")
    }
    return value
  }

  /// A fraction of 1 that can be let through.
  static func fraction(_ text: String) throws(ValueError) -> Double {
    guard let value = Double(text), value > 0, value < 10 else {
      throw ValueError("'\(text)' is not a fraction; give a number above 0, such as 0.05")
    }
    return value
  }

  /// A relative error that is allowed.
  static func error(_ text: String) throws(ValueError) -> Double {
    guard let value = Double(text), value > 0, value.isFinite else {
      throw ValueError("'\(text)' is not an error; give a number above 0, such as 1e-5")
    }
    return value
  }

  /// A seed.
  static func seed(_ text: String) throws(ValueError) -> UInt64 {
    guard let value = UInt64(text) else {
      throw ValueError("'\(text)' is not a seed; give a whole number from 0 to 2^64 - 1")
    }
    return value
  }

  /// An instruction set that this CPU, which has those of `available`, runs; nil for `auto`.
  static func instructionSet(
    _ text: String, available: [InstructionSet] = InstructionSet.available
  ) throws(ValueError) -> InstructionSet? {
    guard text != "auto" else { return nil }
    let names = available.map(\.rawValue).joined(separator: ", ")
    guard let isa = InstructionSet(rawValue: text) else {
      throw ValueError("'\(text)' is no instruction set; this CPU runs \(names)")
    }
    guard available.contains(isa) else {
      throw ValueError("this CPU does not run \(text); it runs \(names)")
    }
    return isa
  }

  /// How FFTW plans.
  static func rigor(_ text: String) throws(ValueError) -> PlanningRigor {
    guard let rigor = PlanningRigor(rawValue: text) else {
      throw ValueError("'\(text)' is no way to plan; give estimate, measure or patient")
    }
    return rigor
  }

  /// Layouts with commas between them.
  static func layouts(_ text: String) throws(ValueError) -> [LayoutRequest] {
    var layouts: [LayoutRequest] = []
    for part in try list(text) {
      guard let layout = LayoutRequest(rawValue: part) else {
        throw ValueError("'\(part)' is no layout; give nchw or native")
      }
      layouts.append(layout)
    }
    return layouts
  }

  /// One number for both axes, or one for each.
  static func pair(_ text: String, least: Int) throws(ValueError) -> (h: Int, w: Int) {
    let values = try numbers(text, least: least)
    guard values.count <= 2 else {
      throw ValueError("'\(text)' has \(values.count) numbers; give N or H,W")
    }
    return (values[0], values[values.count - 1])
  }

  /// One number for all sides, one for each axis, or one for each side.
  static func padding(
    _ text: String
  ) throws(ValueError) -> (top: Int, left: Int, bottom: Int, right: Int) {
    let values = try numbers(text, least: 0)
    switch values.count {
    case 1: return (values[0], values[0], values[0], values[0])
    case 2: return (values[0], values[1], values[0], values[1])
    case 4: return (values[0], values[1], values[2], values[3])
    default:
      throw ValueError("'\(text)' has \(values.count) numbers; give N, H,W or T,L,B,R")
    }
  }

  private static func numbers(_ text: String, least: Int) throws(ValueError) -> [Int] {
    var values: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let value = Int(part), least...largest ~= value else {
        throw ValueError("'\(part)' is not a whole number from \(least) up")
      }
      values.append(value)
    }
    return values
  }
}
