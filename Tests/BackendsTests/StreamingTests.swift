import Convolution
import Testing
import WinogradAlgebra

@testable import Backends

/// Destinations too large for the caches are written past them, with the same result.
@Suite struct StreamingTests {
  private static let problems = try! [
    ConvolutionProblem(ic: 3, ih: 33, iw: 33, oc: 40, kh: 3, kw: 3, ph: 1, pw: 1),
    ConvolutionProblem(mb: 2, ic: 20, ih: 9, iw: 17, oc: 33, kh: 3, kw: 3, ph: 1, pw: 1),
    ConvolutionProblem(ic: 2, ih: 12, iw: 70, oc: 33, kh: 5, kw: 5, ph: 2, pw: 2),
    ConvolutionProblem(ic: 3, ih: 5, iw: 128, oc: 5, kh: 3, kw: 3, ph: 1, pw: 1),
    ConvolutionProblem(ic: 35, ih: 7, iw: 7, oc: 70, kh: 1, kw: 1),
    ConvolutionProblem(mb: 2, ic: 35, ih: 12, iw: 12, oc: 70, kh: 1, kw: 1),
    ConvolutionProblem(mb: 2, ic: 20, ih: 16, iw: 24, oc: 40, kh: 3, kw: 3, ph: 1, pw: 1),
  ]

  @Test(arguments: InstructionSet.available, [0, 1])
  func aStreamedDestinationIsTheSame(_ isa: InstructionSet, _ misalignment: Int) throws {
    for p in Self.problems {
      for (threads, bias) in [(1, true), (3, false)] {
        let options = PlanOptions(isa: isa, threads: threads, layout: .native, bias: bias)
        try expectTheSame(p, options, misalignment) {
          try DirectPlan(p, options, streamsAbove: $0)
        }
        let inPlanes = PlanOptions(isa: isa, threads: threads, layout: .nchw, bias: bias)
        try expectTheSame(p, inPlanes, misalignment) {
          try ImplicitGEMMPlan(p, inPlanes, streamsAbove: $0)
        }
        try expectTheSame(p, inPlanes, misalignment) {
          try DirectPlan(p, inPlanes, streamsAbove: $0)
        }
        if DirectRowsPlan.takes(p, inPlanes) {
          try expectTheSame(p, inPlanes, misalignment) {
            try DirectRowsPlan(p, inPlanes, streamsAbove: $0)
          }
        }
        for layout in LayoutRequest.allCases {
          let options = PlanOptions(isa: isa, threads: threads, layout: layout, bias: bias)
          for algorithm in WinogradAlgorithm.alongRows
          where StripGeometry.takes(p, algorithm, options) {
            let geometry = StripGeometry(p, algorithm, options)
            try expectTheSame(p, options, misalignment) {
              try geometry.makePlan(options, streamsAbove: $0)
            }
          }
        }
      }
    }
  }

  /// Spectra of a stage, of tiles of one size and of two, and what becomes of them.
  @Test(arguments: InstructionSet.available, LayoutRequest.allCases)
  func aStreamedTransformIsTheSame(_ isa: InstructionSet, _ layout: LayoutRequest) throws {
    let kernels = isa.kernels
    let isLine = kernels.lanes == 16
    for p in Self.problems where p.kh > 1 {
      for (threads, misalignment) in [(1, 0), (3, 0), (3, 1)] {
        let options = PlanOptions(isa: isa, threads: threads, layout: layout, bias: true)
        let geometry = try #require(FFTGeometry(size: 8, p))
        var transforms: [any TileTransform] = [
          FFTTransform(geometry, p, kernels: kernels, rigor: .estimate)
        ]
        transforms += WinogradTiles.generated.filter { $0.r == p.kh && $0.divides(p) }
          .map { WinogradTransform($0, kernels: kernels) }
        for transform in transforms {
          try expectTheSame(p, options, misalignment) {
            let plan = try TransformPlan(
              p, options, transform: transform, schedule: .staged(tiles: 40), name: "",
              errorBound: WinogradBound(WinogradTiles.generated[0]), streamsAbove: $0)
            let expected = TransformStreaming(
              spectra: isLine, tiles: isLine,
              planes: layout == .nchw && (p.oh * p.ow).isMultiple(of: kernels.lanes))
            #expect(plan.streams == ($0 == 0 ? expected : TransformStreaming()))
            return plan
          }
        }
      }
    }
  }

  private func expectTheSame(
    _ p: ConvolutionProblem, _ options: PlanOptions, _ misalignment: Int,
    _ makePlan: (_ streamsAbove: Int) throws -> any ConvolutionPlan
  ) throws {
    let cached = try output(makePlan(.max), p, options, misalignment)
    let streamed = try output(makePlan(0), p, options, misalignment)
    #expect(streamed == cached, "\(p) \(options)")
    #expect(streamed.contains { $0 != 0 })
  }

  private func output(
    _ plan: any ConvolutionPlan, _ p: ConvolutionProblem, _ options: PlanOptions,
    _ misalignment: Int
  ) throws -> [Float] {
    let src = try AlignedBuffer(count: plan.src.count)
    let wei = try AlignedBuffer(count: p.weiCount)
    let bias = try AlignedBuffer(count: p.oc)
    let dst = try AlignedBuffer(count: plan.dst.count + misalignment)
    for buffer in [src, wei, bias] {
      for i in 0..<buffer.count { buffer.elements[i] = Float(i * 7 % 13 - 6) }
    }
    plan.prepare(wei: wei.readOnly, bias: options.bias ? bias.readOnly : nil)
    plan.execute(src: src.readOnly, dst: dst.baseAddress + misalignment)
    return Array(dst.elements[misalignment...])
  }
}
