import Convolution
import Testing

@testable import Backends

/// 1×1 images are divided into rows that threads share evenly, where their pixels can be.
@Suite struct FlattenedTests {
  @Test(arguments: [
    (14, 14, 2, [2, 98]), (7, 7, 2, [7, 7]), (28, 28, 5, [7, 112]), (56, 56, 1, [1, 3136]),
    (1, 13, 2, [1, 13]), (2, 3, 2, [1, 6]),
  ])
  func rowsAreShared(_ ih: Int, _ iw: Int, _ threads: Int, _ shape: [Int]) throws {
    let p = try ConvolutionProblem(mb: 2, g: 2, ic: 6, ih: ih, iw: iw, oc: 4, kh: 1, kw: 1)
    let flat = p.flattened(rows: threads, threads: threads)
    #expect([flat.ih, flat.iw] == shape)
    #expect([flat.mb, flat.g, flat.srcCount, flat.dstCount] == [2, 2, p.srcCount, p.dstCount])
  }

  @Test func otherKernelsKeepTheirShape() throws {
    let p = try ConvolutionProblem(ic: 6, ih: 14, iw: 14, oc: 4, kh: 1, kw: 1, sh: 2, sw: 2)
    #expect(p.flattened(rows: 2, threads: 2) == p)
  }

  @Test(arguments: [
    (14, 13, 2, 2, 7, 7), (9, 20, 2, 3, 5, 7), (8, 17, 2, 1, 4, 17), (7, 67, 1, 2, 7, 34),
    (2, 2, 2, 2, 1, 1),
  ])
  func stridesLeaveTheirPixels(_ ih: Int, _ iw: Int, _ sh: Int, _ sw: Int, _ oh: Int, _ ow: Int)
    throws
  {
    let p = try ConvolutionProblem(
      mb: 2, g: 2, ic: 6, ih: ih, iw: iw, oc: 4, kh: 1, kw: 1, sh: sh, sw: sw)
    let rest = try #require(p.withoutStrides)
    #expect([rest.ih, rest.iw, rest.oh, rest.ow, rest.sh, rest.sw] == [oh, ow, oh, ow, 1, 1])
    #expect([rest.mb, rest.g, rest.ic, rest.oc] == [2, 2, 6, 4])
  }

  @Test func nothingElseLosesItsStrides() throws {
    let larger = try ConvolutionProblem(ic: 6, ih: 14, iw: 14, oc: 4, kh: 1, kw: 3, sh: 2, sw: 2)
    let padded = try ConvolutionProblem(
      ic: 6, ih: 14, iw: 14, oc: 4, kh: 1, kw: 1, sh: 2, sw: 2, ph: 1)
    let dense = try ConvolutionProblem(ic: 6, ih: 14, iw: 14, oc: 4, kh: 1, kw: 1)
    for p in [larger, padded, dense] { #expect(p.withoutStrides == nil, "\(p)") }
  }

  /// Else windows would hold six times as many.
  @Test(arguments: InstructionSet.available) func windowsHoldOnlyWhatStridesLeave(
    _ isa: InstructionSet
  ) throws {
    let p = try ConvolutionProblem(ic: 40, ih: 2, iw: 20, oc: 33, kh: 1, kw: 1, sh: 2, sw: 3)
    let rest = try #require(p.withoutStrides)
    for threads in [1, 2] {
      let options = PlanOptions(isa: isa, threads: threads, layout: .nchw)
      let plans = try [p, rest].map { try DirectPlan($0, options) }
      #expect(plans[0].workspaceBytes == plans[1].workspaceBytes)
      #expect(plans[0].src.count == p.srcCount)
    }
  }

  /// Nothing is copied of planes that are read as they lie: only outputs need memory, however many channels there are.
  @Test(arguments: InstructionSet.available, [1, 2])
  func planesOfLongRowsAreReadAsTheyLie(_ isa: InstructionSet, _ step: Int) throws {
    let plans = try [40, 80].map {
      try DirectPlan(
        ConvolutionProblem(ic: $0, ih: 28, iw: 28, oc: 33, kh: 1, kw: 1, sh: step, sw: step),
        PlanOptions(isa: isa, threads: 1, layout: .nchw))
    }
    #expect(plans[0].workspaceBytes == plans[1].workspaceBytes)
  }

  /// Neither larger kernels, which would compute the border, nor short rows, nor strides without a tile, nor strides
  /// before many outputs; of blocked channels there are no planes.
  @Test(arguments: InstructionSet.available) func otherPlanesAreNot(_ isa: InstructionSet) throws {
    func reads(_ p: ConvolutionProblem, _ layout: LayoutRequest = .nchw) -> Bool {
      DirectSource.readsPlanes(p, PlanOptions(isa: isa, threads: 1, layout: layout))
    }
    func p(_ size: Int, outputs: Int = 33, kernel: Int = 1, stride: Int = 1, padding: Int = 0)
      throws
      -> ConvolutionProblem
    {
      try .init(
        ic: 40, ih: size, iw: size, oc: outputs, kh: kernel, kw: kernel, sh: stride, sw: stride,
        ph: padding, pw: padding)
    }
    #expect(try reads(p(28)) && reads(p(7)) && reads(p(28, stride: 2)) && reads(p(56, stride: 4)))
    #expect(try !reads(p(28, outputs: 1000, stride: 2)) && reads(p(28, outputs: 1000)))
    #expect(try !reads(p(28), .native))
    #expect(try !reads(p(28, kernel: 3)) && !reads(p(28, padding: 1)))
    #expect(try !reads(p(1)) && !reads(p(14, stride: 2)) && !reads(p(42, stride: 3)))
  }
}
