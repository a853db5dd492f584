import Testing

@testable import Convolution

struct ConvolutionProblemTests {
  @Test func outputSizeTakesTheFloor() throws {
    // 7×7 with 3×3: stride 1 gives 5, stride 2 gives 3, stride 3 has no integer size and gives 2.
    for (stride, size) in [(1, 5), (2, 3), (3, 2)] {
      let p = try ConvolutionProblem(
        ic: 1, ih: 7, iw: 7, oc: 1, kh: 3, kw: 3, sh: stride, sw: stride)
      #expect((p.oh, p.ow) == (size, size))
    }
  }

  @Test func countsOfTheLectureExample() throws {
    // 32×32×3 with ten 5×5 filters, padding 2: 32×32×10, 760 parameters with biases.
    let p = try ConvolutionProblem(ic: 3, ih: 32, iw: 32, oc: 10, kh: 5, kw: 5, ph: 2, pw: 2)
    #expect((p.oc, p.oh, p.ow) == (10, 32, 32))
    #expect(p.weiCount + p.oc == 760)
    #expect(p.multiplyAdds == 768_000)
    #expect(p.flops == 1_536_000)
  }

  @Test func everyAxisHasItsOwnSizes() throws {
    let p = try ConvolutionProblem(
      mb: 2, g: 3, ic: 6, ih: 10, iw: 21, oc: 9, kh: 3, kw: 5, sh: 2, sw: 3, ph: 1, pw: 0, phr: 2,
      pwr: 4, dh: 1, dw: 2)
    #expect(p.oh == (10 + 1 + 2 - 5) / 2 + 1)
    #expect(p.ow == (21 + 0 + 4 - 13) / 3 + 1)
    #expect(p.weiCount == 9 * 2 * 3 * 5)
    #expect(p.reduction == 30)
  }

  /// Sizes by symbol over a sound problem, and the field that must be blamed.
  static let refusals: [(sizes: [String: Int], field: String)] = [
    (["mb": 0], "mb"), (["iw": -3], "iw"), (["sh": 0], "sh"), (["pw": -1], "pw"),
    (["g": 2, "ic": 3, "oc": 2], "g"), (["g": 2, "ic": 2, "oc": 3], "g"),
    (["ih": 2], "kh"), (["iw": 4, "dw": 1], "kw"), (["ih": .max], "ih"),
    (["ic": 1 << 40, "ih": 1 << 20], "src"), (["oc": 1 << 40, "ih": 1 << 20], "dst"),
    (["kh": 1 << 30, "dh": 1 << 39], "dh"),
  ]

  @Test(arguments: refusals)
  func refusesByField(_ sizes: [String: Int], _ field: String) {
    func size(_ symbol: String, _ usual: Int) -> Int { sizes[symbol] ?? usual }
    do {
      let problem = try ConvolutionProblem(
        mb: size("mb", 1), g: size("g", 1), ic: size("ic", 4), ih: size("ih", 9),
        iw: size("iw", 9), oc: size("oc", 4), kh: size("kh", 3), kw: size("kw", 3),
        sh: size("sh", 1), pw: size("pw", 0), dh: size("dh", 0), dw: size("dw", 0))
      Issue.record("accepted \(problem)")
    } catch {
      #expect(error.field == field)
      #expect(!error.message.isEmpty)
    }
  }
}
