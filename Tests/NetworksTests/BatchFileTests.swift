import Convolution
import Networks
import Testing

@Suite struct BatchFileTests {
  @Test func problemsCommentsAndBlankLines() throws {
    let text = """
      # a comment
      mb1ic3ih8oc4kh3n"first"

        ic3ih8oc4kh1n"second # not a comment*2"  # a comment

      ic3ih8oc4kh1 ic3ih8oc4kh5
      """
    let file = try BatchFile.parse(text: text, file: "f")
    #expect(file.problems.map(\.name) == ["first", "second # not a comment", nil, nil])
    #expect(file.problems.map(\.multiplicity) == [1, 2, 1, 1])
    #expect(file.problems.map(\.problem.kh) == [3, 1, 1, 5])
    #expect(file.notices.isEmpty)
  }

  @Test func optionsAreToldByLine() throws {
    let text = "--dir=FWD_B --cfg=f32\r\nic3ih8oc4kh3\r\n\r\n--batch=shapes ic3ih8oc4kh1\r\n"
    let file = try BatchFile.parse(text: text, file: "dir/f")
    #expect(file.problems.count == 2)
    #expect(
      file.notices == [
        "dir/f:1: --dir=FWD_B has no counterpart here and is ignored",
        "dir/f:1: --cfg=f32 has no counterpart here and is ignored",
        "dir/f:4: --batch=shapes has no counterpart here and is ignored",
      ])
  }

  @Test func batchOptionAppliesToWhatFollows() throws {
    let text = """
      ic3ih8oc4kh3
      --mb=4
      mb2ic3ih8oc4kh3
      --mb=0
      mb2ic3ih8oc4kh3
      --mb=8 ic3ih8oc4kh3
      --reset ic3ih8oc4kh3
      --mb=2,4
      ic3ih8oc4kh3
      """
    let file = try BatchFile.parse(text: text, file: "f")
    #expect(file.problems.map(\.problem.mb) == [1, 4, 2, 8, 1, 1])
    #expect(file.notices == ["f:8: --mb=2,4 has no counterpart here and is ignored"])
  }

  @Test func widthOnlyIsToldBecauseBenchdnnDiffers() throws {
    let file = try BatchFile.parse(text: "ic3iw8oc4kw3", file: "f")
    #expect(file.problems.map(\.problem.ih) == [8])
    #expect(
      file.notices == ["f:1: ic3iw8oc4kw3 is taken as square (benchdnn: one-dimensional)"])
  }

  /// Shapes as oneDNN's own files have them.
  @Test func outputsPrevailOverPaddingAndAreTold() throws {
    let text = """
      g1ic16oc16_ih5oh8kh3ph3_n"2d_conv:gemm"
      g1ic17oc17_ih8oh5kh3ph3sh2_n"2d_conv:gemm_stride_tail"
      ic32oc13_ih13oh12kh3ph0_n"tails_conv:1"
      """
    let file = try BatchFile.parse(text: text, file: "f")
    #expect(file.problems.map(\.problem.ph) == [3, 3, 0])
    #expect(file.problems.map(\.problem.phr) == [2, 0, 1])
    #expect(file.problems.map(\.problem.pwr) == [2, 0, 1])
    #expect(file.notices.count == 2)
    #expect(file.notices.first?.hasSuffix("n\"2d_conv:gemm\" is taken with phr2") == true)
  }

  @Test func threeDimensionalProblemsAreToldAndLeftOut() throws {
    let text = "g1ic3oc16_id5od5kd3pd1_n\"3d_conv:1st\"\nic3ih8oc4kh3"
    let file = try BatchFile.parse(text: text, file: "f")
    #expect(file.problems.count == 1)
    #expect(file.notices.count == 1)
    #expect(file.notices.first?.contains("3d_conv:1st\" is left out; depth") == true)
  }

  @Test func aBackslashGoesOnInTheNextLine() throws {
    let text = "--attr-post-ops=, \\\n    sum:0.5, \\\n  relu\nic3ih8oc4oh9kh3ph1"
    let error = #expect(throws: BatchFileError.self) {
      try BatchFile.parse(text: text + "oops", file: "f")
    }
    #expect(error?.line == 4)
    let file = try BatchFile.parse(text: text, file: "f")
    #expect(file.notices.first?.hasPrefix("f:1: --attr-post-ops=,sum:0.5,relu has") == true)
    #expect(file.problems.count == 1)
    #expect(try BatchFile.parse(text: "ic3ih8oc4\\\nkh3\\", file: "f").problems.count == 1)
  }

  @Test func errorsNameFileAndLine() {
    let error = #expect(throws: BatchFileError.self) {
      try BatchFile.parse(text: "\n# x\nic3ih8oc4oh99kh3ph1", file: "dir/f")
    }
    #expect(error?.line == 3)
    #expect(error?.cause.field == "oh")
    #expect(error?.description.hasPrefix("dir/f:3: oh: 99 does not follow from ih=8 ") == true)
  }

  @Test func hugeBatchIsAnErrorOfItsLine() {
    let error = #expect(throws: BatchFileError.self) {
      try BatchFile.parse(text: "--mb=9223372036854775807\nic3ih8oc4kh3", file: "f")
    }
    #expect(error?.line == 2)
    #expect(error?.cause.field == "mb")
  }
}
