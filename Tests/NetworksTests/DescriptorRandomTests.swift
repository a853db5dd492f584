import Convolution
import Networks
import Testing

/// Properties that hold for every text and every problem, tried on seeded random ones.
@Suite struct DescriptorRandomTests {
  @Test func parsingUndoesFormatting() throws {
    var random = SplitMix64(seed: 1)
    let names = [nil, "a", "resnet_50:res2a", "x*3", "*", "*7", "n_n"]
    var tried = 0
    while tried < 8_000 {
      guard let problem = Self.problem(&random) else { continue }
      tried += 1
      let name = names.randomElement(using: &random)!
      let multiplicity = Int.random(in: 1...3, using: &random)
      let text = ProblemDescriptor.format(problem, name: name, multiplicity: multiplicity)
      let parsed = try ProblemDescriptor.parse(text)
      #expect(
        parsed == ParsedProblem(problem: problem, name: name, multiplicity: multiplicity),
        "\(text)")
    }
  }

  /// Whatever is given, the parser returns or throws; what it takes, it takes again.
  @Test func garbageNeverTraps() throws {
    var random = SplitMix64(seed: 2)
    let pieces = [
      "mb", "g", "ic", "oc", "ih", "oh", "kh", "sh", "ph", "phr", "dh", "iw", "ow", "kw", "sw",
      "pw", "pwr", "dw", "n", "\"", "*", "_", "-", "#", "0", "1", "3", "7", "16", "224",
      "1099511627776", "9223372036854775807", "9223372036854775808", " ", "\n", "\r\n", "é",
      "👩‍👧", "\u{301}", "\0", "id", "--mb=", "\\\n",
    ]
    for _ in 0..<10_000 {
      let count = Int.random(in: 0...24, using: &random)
      let text = (0..<count).map { _ in pieces.randomElement(using: &random)! }.joined()
      try Self.tryParsing(text)
    }
  }

  /// Fields that are all there with numbers of every magnitude reach the arithmetic.
  @Test func hugeNumbersNeverTrap() throws {
    var random = SplitMix64(seed: 3)
    let values = [0, 1, 2, 3, 5, 1 << 20, 1 << 31, (1 << 40) - 1, 1 << 40]
    let fields = [
      "mb", "g", "ic", "oc", "ih", "oh", "kh", "sh", "ph", "phr", "dh", "iw", "ow", "kw", "sw",
      "pw", "pwr", "dw",
    ]
    for _ in 0..<10_000 {
      var text = ""
      for field in fields where Int.random(in: 0..<4, using: &random) > 0 {
        text += "\(field)\(values.randomElement(using: &random)!)"
      }
      try Self.tryParsing(text)
    }
  }

  private static func tryParsing(_ text: String) throws {
    _ = try? BatchFile.parse(text: text, file: "f")
    guard let parsed = try? ProblemDescriptor.parse(text) else { return }
    let formatted = ProblemDescriptor.format(
      parsed.problem, name: parsed.name, multiplicity: parsed.multiplicity)
    #expect(try ProblemDescriptor.parse(formatted) == parsed, "\(text)")
  }

  /// A problem of small sizes, about half of them square; nil when the kernel does not fit.
  private static func problem(_ random: inout SplitMix64) -> ConvolutionProblem? {
    func axis() -> [Int] {
      let ranges = [1...20, 1...7, 1...4, 0...3, 0...3, 0...2]
      var axis = ranges.map { Int.random(in: $0, using: &random) }
      if Bool.random(using: &random) { axis[4] = axis[3] }
      return axis
    }
    let h = axis()
    let w = Bool.random(using: &random) ? h : axis()
    let g = Int.random(in: 1...3, using: &random)
    return try? ConvolutionProblem(
      mb: Int.random(in: 1...3, using: &random), g: g,
      ic: g * Int.random(in: 1...3, using: &random), ih: h[0], iw: w[0],
      oc: g * Int.random(in: 1...3, using: &random), kh: h[1], kw: w[1], sh: h[2], sw: w[2],
      ph: h[3], pw: w[3], phr: h[4], pwr: w[4], dh: h[5], dw: w[5])
  }
}
