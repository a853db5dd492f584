import Convolution
import Networks
import Testing

@Suite struct ProblemDescriptorTests {
  @Test(arguments: ["a\nb", "\u{1B}[31mred", "\u{9B}31m", "a\u{7F}", "a\u{2028}b", "a\u{202E}b"])
  func controlCharactersInNamesAreRefused(name: String) throws {
    let error = try #require(throws: ProblemError.self) {
      try ProblemDescriptor.parse("ic1ih8oc1kh3n\"\(name)\"")
    }
    #expect(error.field == "n" && error.message.contains("control character"))
    #expect(!error.message.unicodeScalars.contains { $0.isControl }, "shown escaped")
  }

  @Test func whatIsShownIsPrintable() throws {
    #expect("a\tb\u{1B}[0m\u{85}ü日👍🏽".printable == "a\\x09b\\x1b[0m\\x85ü日👍🏽")
    #expect("\u{2028}".printable == "\\u{2028}")
    let error = try #require(throws: ProblemError.self) {
      try ProblemDescriptor.parse("\u{1B}[31mic1\nih8")
    }
    #expect(error.message.contains("'\\x1b[31mic1\\x0aih8'"), "\(error)")
  }

  @Test func contractExample() throws {
    let parsed = try ProblemDescriptor.parse(#"mb1ic64ih56oc128oh56kh3ph1n"name*3""#)
    let expected = try ConvolutionProblem(
      ic: 64, ih: 56, iw: 56, oc: 128, kh: 3, kw: 3, ph: 1, pw: 1)
    #expect(parsed == ParsedProblem(problem: expected, name: "name", multiplicity: 3))
  }

  /// Texts that say the same; the right one is canonical.
  @Test(arguments: [
    // Defaults: batch 1, one group, stride 1, dense.
    ("ic3ih8oc4kh3", "mb1ic3ih8oc4oh6kh3ph0"),
    ("  _mb2_ic3ih8_oc4oh6_kh3_ ", "mb2ic3ih8oc4oh6kh3ph0"),
    ("g2mb1ic4ih8oc4kh3", "g2mb1ic4ih8oc4oh6kh3ph0"),
    ("g1mb1ic4ih8oc4kh3", "mb1ic4ih8oc4oh6kh3ph0"),
    ("ic1ih8oc1kh3_kh3", "mb1ic1ih8oc1oh6kh3ph0"),
    // Without oh: the floor formula.
    ("ic1ih8oc1kh3sh2ph1", "mb1ic1ih8oc1oh4kh3sh2ph1"),
    ("ic3ih224oc64kh7sh2ph3", "mb1ic3ih224oc64oh112kh7sh2ph3"),
    ("ic1ih9oc1kh3ph1dh1", "mb1ic1ih9oc1oh7kh3ph1dh1"),
    // With oh and no padding: the floor formula where it fits, else the padding follows.
    ("ic1ih7oc1oh2kh3sh3", "mb1ic1ih7oc1oh2kh3sh3ph0"),
    ("ic1ih56oc1oh56kh3", "mb1ic1ih56oc1oh56kh3ph1"),
    ("ic1ih56oc1oh56kh3ph0", "mb1ic1ih56oc1oh56kh3ph1"),
    ("ic1ih300oc1oh150kh3sh2ph0", "mb1ic1ih300oc1oh150kh3sh2ph0phr1"),
    ("ic3ih224oc64oh112kh7sh2", "mb1ic3ih224oc64oh112kh7sh2ph2phr3"),
    ("ic1ih5oc1oh7kh3", "mb1ic1ih5oc1oh7kh3ph2"),
    ("ic1ih3oc1oh3kh5", "mb1ic1ih3oc1oh3kh5ph2"),
    // Unequal padding.
    ("ic1ih8oc1kh3phr1", "mb1ic1ih8oc1oh7kh3ph0phr1"),
    ("ic1ih8oc1kh3ph1phr0", "mb1ic1ih8oc1oh7kh3ph1phr0"),
    ("ic1ih8oc1kh3ph1phr1", "mb1ic1ih8oc1oh8kh3ph1"),
    ("ic1ih8oc1oh8kh3ph0phr2", "mb1ic1ih8oc1oh8kh3ph0phr2"),
    ("ic1ih8iw8oc1kh3kw3ph1pw1pwr0", "mb1ic1ih8iw8oc1oh8ow7kh3kw3ph1pw1pwr0"),
    // Not square: a width with iw and kw stands on its own, another is completed from the height.
    ("ic1ih8iw9oc1kh3kw5sh2ph1", "mb1ic1ih8iw9oc1oh4ow5kh3kw5sh2sw1ph1pw0"),
    ("ic1ih8iw9oc1oh4ow9kh3kw5sh2ph1", "mb1ic1ih8iw9oc1oh4ow9kh3kw5sh2sw1ph1pw2"),
    ("ic1ih8iw16oc1kh3sh2ph1", "mb1ic1ih8iw16oc1oh4ow8kh3kw3sh2sw2ph1pw1"),
    ("ic1ih8iw16oc1oh8kh3", "mb1ic1ih8iw16oc1oh8ow16kh3kw3ph1pw1"),
    ("ic1ih8oc1kh3kw1ph1pw0", "mb1ic1ih8iw8oc1oh8ow8kh3kw1ph1pw0"),
    ("ic1ih8oc1kh3dw1", "mb1ic1ih8iw8oc1oh6ow4kh3kw3ph0pw0dh0dw1"),
    // Only the width: the height is the same.
    ("ic1iw8oc1ow8kw3", "mb1ic1ih8oc1oh8kh3ph1"),
    // Names.
    (#"ic1ih8oc1kh3n"a b:c_d""#, #"mb1ic1ih8oc1oh6kh3ph0n"a b:c_d""#),
    ("ic1ih8oc1kh3nbare*2", #"mb1ic1ih8oc1oh6kh3ph0n"bare*2""#),
    (#"ic1ih8oc1kh3n"x*1""#, #"mb1ic1ih8oc1oh6kh3ph0n"x""#),
    (#"ic1ih8oc1kh3n"x*y""#, #"mb1ic1ih8oc1oh6kh3ph0n"x*y""#),
    (#"ic1ih8oc1kh3n"x*2*1""#, #"mb1ic1ih8oc1oh6kh3ph0n"x*2*1""#),
    (#"ic1ih8oc1kh3n"*2""#, #"mb1ic1ih8oc1oh6kh3ph0n"*2""#),
    (#"ic1ih8oc1kh3n"""#, "mb1ic1ih8oc1oh6kh3ph0"),
  ])
  func canonicalText(_ text: String, _ canonical: String) throws {
    let parsed = try ProblemDescriptor.parse(text)
    let formatted = ProblemDescriptor.format(
      parsed.problem, name: parsed.name, multiplicity: parsed.multiplicity)
    #expect(formatted == canonical)
    #expect(try ProblemDescriptor.parse(formatted) == parsed)
  }

  @Test(arguments: [
    // The output contradicts the rest.
    (
      "ic1ih56oc1oh57kh3ph1",
      "oh: 57 does not follow from ih=56 kh=3 sh=1 ph=1, which give 56; "
        + "correct it, leave it out, or give phr2"
    ),
    (
      "ic1ih56oc1oh60kh3ph1",
      "oh: 60 does not follow from ih=56 kh=3 sh=1 ph=1, which give 56; correct it or leave it out"
    ),
    (
      "ic1ih56oc1oh99kh3",
      "oh: 99 does not follow from ih=56 kh=3 sh=1 ph=0, which give 54; correct it or leave it out"
    ),
    (
      "ic1ih8oc1oh8kh3ph0phr1",
      "oh: 8 does not follow from ih=8 kh=3 sh=1 ph=0 phr=1, which give 7; "
        + "correct it, leave it out, or give phr2"
    ),
    (
      "ic1ih2oc1oh1kh9ph1dh1",
      "oh: 1 does not follow from ih=2 kh=9 sh=1 dh=1 ph=1, which give no output; "
        + "correct it, leave it out, or give phr14"
    ),
    (
      "ic1ih8iw8oc1ow7kh3kw3ph1pw1",
      "ow: 7 does not follow from iw=8 kw=3 sw=1 pw=1, which give 8; "
        + "correct it, leave it out, or give pwr0"
    ),
    // A field that nothing gives.
    ("ih8oc1kh3", "ic: missing; a problem gives at least ic, ih, oc and kh"),
    ("ic1oc1kh3", "ih: missing; a problem gives at least ic, ih, oc and kh"),
    ("ic1ih8kh3", "oc: missing; a problem gives at least ic, ih, oc and kh"),
    ("ic1ih8oc1", "kh: missing; a problem gives at least ic, ih, oc and kh"),
    ("ic1iw8oc1", "kw: missing; a problem gives at least ic, ih, oc and kh"),
    // Text that is no field.
    ("", "problem: the text is empty"),
    ("ic1ihoc1kh3", "ih: no number follows it in 'ihoc1kh3'"),
    ("ic1ih8oc1kh3id5", "id: depth is for 3-D convolutions; only 2-D ones are covered"),
    ("ic1ic2ih8oc1kh3", "ic: given twice, as 1 and as 2"),
    // Numbers.
    ("ic0ih8oc1kh3", "ic: 0 is not a size; give 1 or more"),
    ("ic1ih8oc1oh0kh3", "oh: 0 is not a size; give 1 or more"),
    ("ic1ih-8oc1kh3", "ih: -8 is not a size; give 1 or more"),
    ("ic1ih8oc1kh3ph-1", "ph: -1 is negative; give 0 or more"),
    (
      "ic99999999999999999999ih8oc1kh3",
      "ic: '99999999999999999999' is beyond any tensor; the limit is 2^40"
    ),
    ("ic1ih8oc1kh1099511627777", "kh: 1099511627777 is beyond any tensor; the limit is 2^40"),
    ("g3ic4ih8oc3kh3", "g: 3 groups do not divide ic=4 input channels"),
    // Names.
    (#"ic1ih8oc1kh3n"open"#, #"n: the name '"open' has no closing quote"#),
    (#"ic1ih8oc1kh3n"a"ph1"#, "n: 'ph1' follows the name, which ends the problem"),
    (#"ic1ih8oc1kh3n"a*0""#, "n: multiplicity '0' is not a number from 1 to 1000000"),
    (
      #"ic1ih8oc1kh3n"a*99999999999999999999""#,
      "n: multiplicity '99999999999999999999' is not a number from 1 to 1000000"
    ),
  ])
  func refuses(_ text: String, _ message: String) {
    let error = #expect(throws: ProblemError.self) { try ProblemDescriptor.parse(text) }
    #expect(error?.description == message)
  }

  @Test(arguments: ["ic1ih8oc1kh3xy5", "ic1ih8oc1kh3 ph1", "hello", "ic1ih8oc1kh3ph1\nq", "é"])
  func quotesUnknownText(_ text: String) {
    let error = #expect(throws: ProblemError.self) { try ProblemDescriptor.parse(text) }
    #expect(error?.field == "problem")
    #expect(error?.message.hasPrefix("no field begins with '") == true)
    #expect(error?.description.contains { $0.isNewline } == false)
  }

  @Test func quotesInNamesBecomeSingle() throws {
    let problem = try ConvolutionProblem(ic: 1, ih: 8, iw: 8, oc: 1, kh: 3, kw: 3)
    let text = ProblemDescriptor.format(problem, name: #"a"b"#)
    #expect(try ProblemDescriptor.parse(text).name == "a'b")
  }
}
