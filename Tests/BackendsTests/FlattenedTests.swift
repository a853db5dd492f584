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
}
