import Testing

@testable import Convolution

/// The lecture's examples, worked by hand.
struct ReferenceTests {
  private let image: [Float] = [
    3, 3, 2, 1, 0,
    0, 0, 1, 3, 1,
    3, 1, 2, 2, 3,
    2, 0, 0, 2, 2,
    2, 0, 0, 0, 1,
  ]
  private let kernel: [Float] = [0, 1, 2, 2, 2, 0, 0, 1, 2]

  private func convolve(
    _ problem: ConvolutionProblem, bias: [Float]? = nil, relu: Bool = false
  ) -> [ReferenceOutput] {
    image.withUnsafeBufferPointer { src in
      kernel.withUnsafeBufferPointer { wei in
        (bias ?? [0]).withUnsafeBufferPointer { values in
          ReferenceConvolution.evaluate(
            ConvolutionOperands(
              problem: problem, src: src.baseAddress!, wei: wei.baseAddress!,
              bias: bias == nil ? nil : values.baseAddress!, relu: relu),
            at: ReferenceConvolution.allPositions(problem), threads: 3)
        }
      }
    }
  }

  @Test func unpadded() throws {
    let p = try ConvolutionProblem(ic: 1, ih: 5, iw: 5, oc: 1, kh: 3, kw: 3)
    #expect(convolve(p).map(\.value) == [12, 12, 17, 10, 17, 19, 9, 6, 14])
  }

  @Test func paddedAtStrideTwo() throws {
    let p = try ConvolutionProblem(
      ic: 1, ih: 5, iw: 5, oc: 1, kh: 3, kw: 3, sh: 2, sw: 2, ph: 1, pw: 1)
    #expect(convolve(p).map(\.value) == [6, 17, 3, 8, 17, 13, 6, 4, 4])
  }

  @Test func biasAndReLUFollowTheSum() throws {
    let p = try ConvolutionProblem(ic: 1, ih: 5, iw: 5, oc: 1, kh: 3, kw: 3)
    let outputs = convolve(p, bias: [-12], relu: true)
    #expect(outputs.map(\.value) == [0, 0, 5, 0, 5, 7, 0, 0, 2])
    #expect(outputs[0].magnitude == 24)
  }

  @Test func integersStayBelowTwoToThe24() {
    for reduction in [1, 27, 4608, 25_088, 1 << 23] {
      let limit = TensorData.exactIntegerLimit(reduction: reduction)!
      #expect(limit * limit * reduction + limit < 1 << 24)
    }
    #expect(TensorData.exactIntegerLimit(reduction: 1 << 24) == nil)
  }

  @Test func dataDependsOnTheSeedAlone() throws {
    let (a, b, c) = (
      try AlignedBuffer(count: 1001), try AlignedBuffer(count: 1001), try AlignedBuffer(count: 1001)
    )
    TensorData.fillNormal(a.elements, seed: 5)
    TensorData.fillNormal(b.elements, seed: 5)
    TensorData.fillNormal(c.elements, seed: 6)
    #expect(a.elements.elementsEqual(b.elements))
    #expect(!a.elements.elementsEqual(c.elements))
    let mean = a.elements.reduce(0, +) / 1001
    let variance = a.elements.reduce(0) { $0 + $1 * $1 } / 1001
    #expect(abs(mean) < 0.1 && abs(variance - 1) < 0.15)
  }
}
