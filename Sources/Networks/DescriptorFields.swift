import Convolution

/// A descriptor taken apart: what it says, before anything is deduced.
struct DescriptorFields {
  /// Every field and the least value it may have. A symbol comes before its own prefix.
  private static let minimums: KeyValuePairs = [
    "mb": 1, "g": 1, "ic": 1, "oc": 1,
    "ih": 1, "oh": 1, "kh": 1, "sh": 1, "phr": 0, "ph": 0, "dh": 0,
    "iw": 1, "ow": 1, "kw": 1, "sw": 1, "pwr": 0, "pw": 0, "dw": 0,
  ]
  /// What benchdnn has for 3-D convolutions; an error about one of them is no fault of the text.
  static let depthFields = ["id", "od", "kd", "sd", "pd", "dd"]
  /// `ConvolutionProblem` takes sizes and paddings to 2⁴⁰, from which outputs come below 2⁴².
  static let largestValue = 1 << 42

  private var values: [String: Int] = [:]
  private var name: String?
  private var multiplicity = 1

  /// Splits the text into fields.
  init(_ text: String) throws(ProblemError) {
    var rest = text[...]
    while rest.last?.isWhitespace == true { rest.removeLast() }
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    guard !rest.isEmpty else { throw ProblemError(field: "problem", "the text is empty") }
    while let first = rest.first {
      if first == "_" {
        rest.removeFirst()
      } else if first == "n" {
        (name, multiplicity) = try DescriptorName.parse(rest.dropFirst())
        return
      } else {
        try takeField(&rest)
      }
    }
  }

  /// Whether only the width is described, which benchdnn takes as a one-dimensional problem.
  var isWidthOnly: Bool { AxisFields("h", values).isEmpty && !AxisFields("w", values).isEmpty }

  /// Lets an output that contradicts the padding prevail, as benchdnn does: what is missing, or too
  /// much, goes to the bottom or the right. Returns the fields that were set, as text.
  mutating func deduceEndPadding() -> [String] {
    ["h", "w"].compactMap { letter in
      guard let padding = AxisFields(letter, values).contradictedEndPadding else { return nil }
      values["p\(letter)r"] = padding
      return "p\(letter)r\(padding)"
    }
  }

  /// Deduces what is missing.
  func resolve() throws(ProblemError) -> ParsedProblem {
    let (height, width) = try axes()
    let problem = try ConvolutionProblem(
      mb: values["mb"] ?? 1, g: values["g"] ?? 1, ic: require("ic"), ih: height.size,
      iw: width.size, oc: require("oc"), kh: height.kernel, kw: width.kernel, sh: height.stride,
      sw: width.stride, ph: height.pad, pw: width.pad, phr: height.endPad, pwr: width.endPad,
      dh: height.dilation, dw: width.dilation)
    return ParsedProblem(problem: problem, name: name, multiplicity: multiplicity)
  }

  private func axes() throws(ProblemError) -> (height: Axis, width: Axis) {
    let w = AxisFields("w", values)
    if isWidthOnly {
      let width = try w.resolve()
      return (width, width)
    }
    let height = try AxisFields("h", values).resolve()
    return (height, w.isEmpty ? height : try w.completed(from: height).resolve())
  }

  private func require(_ field: String) throws(ProblemError) -> Int {
    guard let value = values[field] else { throw .missing(field) }
    return value
  }

  /// Takes one symbol and its number off the front of `rest`.
  private mutating func takeField(_ rest: inout Substring) throws(ProblemError) {
    guard let (field, minimum) = Self.minimums.first(where: { rest.hasPrefix($0.key) }) else {
      throw Self.unknownField(rest)
    }
    let start = rest
    rest.removeFirst(field.count)
    let isNegative = rest.first == "-"
    if isNegative { rest.removeFirst() }
    let digits = rest.prefix { "0"..."9" ~= $0 }
    rest.removeFirst(digits.count)
    guard !digits.isEmpty else {
      throw ProblemError(field: field, "no number follows it in \(excerpt(start))")
    }
    guard let magnitude = Int(digits), magnitude <= Self.largestValue else {
      throw ProblemError(
        field: field, "\(excerpt(digits)) is beyond any tensor; the limit is 2^40")
    }
    let value = isNegative ? -magnitude : magnitude
    guard value >= minimum else {
      let kind = minimum == 0 ? "negative" : "not a size"
      throw ProblemError(field: field, "\(value) is \(kind); give \(minimum) or more")
    }
    if let earlier = values.updateValue(value, forKey: field), earlier != value {
      throw ProblemError(field: field, "given twice, as \(earlier) and as \(value)")
    }
  }

  private static func unknownField(_ rest: Substring) -> ProblemError {
    if let field = depthFields.first(where: { rest.hasPrefix($0) }) {
      return ProblemError(field: field, "depth is for 3-D convolutions; only 2-D ones are covered")
    }
    let known = minimums.map(\.key).joined(separator: " ")
    return ProblemError(
      field: "problem",
      "no field begins with \(excerpt(rest)); the fields are \(known) and n\"name\"")
  }
}

extension ProblemError {
  /// The error for a field that cannot be deduced.
  static func missing(_ field: String) -> ProblemError {
    ProblemError(field: field, "missing; a problem gives at least ic, ih, oc and kh")
  }
}
