import Convolution
import KernelInterface
import Testing
import WinogradAlgebra

@testable import Backends

/// Kernels that are transformed while products wait for them.
@Suite struct RawWeightsTests {
  /// `G g Gᵀ` of each kernel of a vector, at its places of a spectrum, and nothing else is written.
  @Test(arguments: InstructionSet.available, WinogradAlgorithm.generated)
  func kernelsAreTransformed(_ isa: InstructionSet, _ a: WinogradAlgorithm) throws {
    let kernels = isa.kernels
    let function = try #require(kernels.winograd_kernels(a.m, a.r))
    let (lanes, taps, planes, vectors) = (kernels.lanes, a.r * a.r, a.alpha * a.alpha, 3)
    let stride = vectors * lanes + 5
    let src = (0..<vectors * taps * lanes).map { Float(($0 * 37 + 11) % 101) / 64 - 0.75 }
    var dst = [Float](repeating: -777, count: planes * stride)
    src.withUnsafeBufferPointer { src in
      dst.withUnsafeMutableBufferPointer { dst in
        var arguments = KernelTransformArguments(
          src: src.baseAddress!, dst: dst.baseAddress!, xi_stride: stride, vectors: vectors)
        function(&arguments)
      }
    }
    let g = a.g.map { $0.map(\.doubleValue) }
    for v in 0..<vectors {
      for l in 0..<lanes {
        for i in 0..<a.alpha {
          for j in 0..<a.alpha {
            let expected = (0..<taps).reduce(0.0) { sum, tap in
              let value = Double(src[(v * taps + tap) * lanes + l])
              return sum + g[i][tap / a.r] * value * g[j][tap % a.r]
            }
            let value = Double(dst[(i * a.alpha + j) * stride + v * lanes + l])
            #expect(abs(value - expected) < 1e-6, "\(a) \(v) \(l) \(i) \(j)")
          }
        }
      }
    }
    for plane in 0..<planes {
      #expect(
        dst[plane * stride + vectors * lanes..<(plane + 1) * stride].allSatisfy { $0 == -777 })
    }
  }

  /// More channels than half of L2 holds the weights of: sums are added up over parts, the last of them short.
  @Test(arguments: InstructionSet.available, ["f4-raw", "f6-raw"])
  func manyChannelsAreTransformedInParts(_ isa: InstructionSet, _ variant: String) throws {
    let backend = WinogradBackend()
    let problem = try ConvolutionProblem(
      g: 2, ic: 2 * 1021, ih: 7, iw: 9, oc: 2 * 37, kh: 3, kw: 3, ph: 1, pw: 1)
    for threads in [1, 3] {
      var options = PlanOptions(isa: isa, threads: threads, layout: .native, bias: true)
      options.variant = variant
      let plan = try #require(try backend.makePlan(problem, options) as? TransformPlan)
      #expect(try #require(plan.rawWeights).partCount > 1)
      let failure = try Verification(problem: problem, backend: backend, options: options).failure(
        .normal)
      #expect(failure == nil, "\(options)")
    }
  }

  /// What is kept are the kernels themselves, in whole vectors of outputs.
  @Test func onlyKernelsAreKept() throws {
    let problem = try ConvolutionProblem(
      ic: 64, ih: 19, iw: 19, oc: 128, kh: 3, kw: 3, ph: 1, pw: 1)
    for (variant, values) in [("f4-raw", 9), ("f4-staged", 36), ("f6+4-raw", 9)] {
      var options = PlanOptions(isa: .best, threads: 2)
      options.variant = variant
      let plan = try WinogradBackend().makePlan(problem, options)
      #expect(plan.weightsBytes == 64 * 128 * values * 4, "\(variant)")
    }
  }

  /// `fft` has no such transform.
  @Test func otherTransformsHaveNone() {
    #expect(WinogradBackend().schedules == ["fused", "staged", "raw"])
    #expect(FFTBackend().schedules == ["fused", "staged"])
  }
}
