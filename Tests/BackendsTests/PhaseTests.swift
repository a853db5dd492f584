import Convolution
import Testing
import WinogradAlgebra

@testable import Backends

/// Plans whose phases can be timed do the same work while they are timed.
struct PhaseTests {
  static let backends: [any ConvolutionBackend] = [WinogradBackend(), FFTBackend()]

  private static func randomBuffer(_ count: Int, seed: UInt64) throws -> AlignedBuffer {
    let buffer = try AlignedBuffer(count: count)
    TensorData.fillNormal(buffer.elements, seed: seed)
    return buffer
  }

  @Test(arguments: InstructionSet.available) func timedCallsComputeTheSame(
    isa: InstructionSet
  ) throws {
    var seen: Set<ConvolutionPhase> = []
    for backend in Self.backends {
      for (i, p) in AdversarialProblems.all.enumerated() {
        let options = PlanOptions(
          isa: isa, threads: 1 + i % 3, layout: i % 2 == 0 ? .nchw : .native)
        guard let plan = try? backend.makePlan(p, options) else { continue }
        let phased = try #require(plan.phased)
        let wei = try Self.randomBuffer(p.weiCount, seed: 1)
        let src = try Self.randomBuffer(plan.src.count, seed: 2)
        plan.prepare(wei: wei.readOnly, bias: nil)
        let (plain, timed) = (
          try AlignedBuffer(count: plan.dst.count), try AlignedBuffer(count: plan.dst.count)
        )
        plain.elements.update(repeating: .nan)
        timed.elements.update(repeating: .nan)
        plan.execute(src: src.readOnly, dst: plain.baseAddress)
        let seconds = phased.executePhased(src: src.readOnly, dst: timed.baseAddress)
        #expect(plain.elements.elementsEqual(timed.elements), "\(backend.name) on \(p)")
        #expect(Set(seconds.keys) == Set(phased.phases.keys))
        #expect(seconds.values.allSatisfy { $0 > 0 && $0 < 60 }, "\(seconds)")
        let flops = phased.phases.values.reduce(0) { $0 + $1.flops }
        #expect(abs(flops - plan.executedFLOPs) <= 1e-12 * flops)
        seen.formUnion(seconds.keys)
      }
    }
    #expect(seen == Set(ConvolutionPhase.allCases))
  }

  @Test func autoHasThePhasesOfItsChoice() throws {
    let problem = try ConvolutionProblem(
      ic: 64, ih: 56, iw: 56, oc: 64, kh: 3, kw: 3, ph: 1, pw: 1)
    let options = PlanOptions(isa: .best, threads: 1)
    for (name, isPhased) in [("winograd-f4", true), ("direct", false)] {
      let row = TuningTable.Candidate(name: name, seconds: 1, relL2Error: 1e-7)
      let table = TuningTable([.init(problem, options): [row]], source: "", emptiness: "")
      let plan = try AutoBackend(table).makePlan(problem, options)
      #expect(plan.variant == name && (plan.phased != nil) == isPhased)
    }
  }

  @Test func stridesAreReorderedAway() throws {
    let p = try ConvolutionProblem(ic: 3, ih: 43, iw: 43, oc: 16, kh: 11, kw: 11, sh: 4, sw: 4)
    let plan = try WinogradBackend().makePlan(p, PlanOptions(isa: .best, threads: 1))
    #expect(plan.variant.hasSuffix("s2d 4x4"))
    #expect(plan.phased?.phases[.reorder]?.traffic.isEmpty == false)
  }

  /// 4 tiles of 2×2 outputs, 16 planes, 32 channels to 64.
  private static func work(
    isFused: Bool, blocks: Int, kernels: TransformWork.Kernels? = nil
  ) throws -> [ConvolutionPhase: PhaseWork] {
    let problem = try ConvolutionProblem(ic: 30, ih: 4, iw: 4, oc: 64, kh: 3, kw: 3, ph: 1, pw: 1)
    let transform = WinogradTransform(
      WinogradTiles(WinogradAlgorithm.generated[0]), kernels: InstructionSet.generic.kernels)
    return TransformWork(
      problem: problem, tiles: [.init(count: 4, transform: transform, planes: 16)],
      blocks: blocks, isFused: isFused,
      channels: 32, outputs: 64, srcBytes: 100, dstBytes: 200, turnedSrcBytes: 10,
      turnedDstBytes: 20, weightsBytes: 5000, kernels: kernels, spectraBytes: 600, sumsBytes: 70
    ).phases
  }

  @Test func whatMovesIsCounted() throws {
    let everything = 100 + 200 + 10 + 20 + 5000 + 600 + 70
    let (spectra, sums) = (4.0 * 16 * 32 * 4, 4.0 * 16 * 64 * 4)
    let fused = try Self.work(isFused: true, blocks: 3)
    #expect(fused[.product]?.flops == Double(2 * 4 * 16 * 30 * 64))
    #expect(
      fused[.product]?.traffic == [
        .init(bytes: spectra, footprint: 670),
        .init(bytes: 15000, footprint: 670, shared: 5000), .init(bytes: sums, footprint: 670),
      ])
    #expect(
      fused[.input]?.traffic == [
        .init(bytes: 10, footprint: everything), .init(bytes: spectra, footprint: 670),
      ])
    #expect(
      fused[.reorder]?.traffic.map(\.bytes) == [100, 10, 20, 200])
    #expect(
      try Self.work(isFused: false, blocks: 2, kernels: .init(flops: 90, bytes: 64, near: 300))[
        .product]
        == PhaseWork(
          flops: Double(2 * 4 * 16 * 30 * 64 + 90 * 2 * 30 * 64),
          traffic: [
            .init(bytes: spectra, footprint: 5670), .init(bytes: 10000, footprint: 5670),
            .init(bytes: sums, footprint: 5670),
            .init(bytes: Double(2 * 64 * 2 * 30 * 64), footprint: 300),
          ]))
    #expect(
      try Self.work(isFused: false, blocks: 1)[.product]?.traffic == [
        .init(bytes: spectra, footprint: 5670), .init(bytes: 5000, footprint: everything),
        .init(bytes: sums, footprint: 5670),
      ])
    #expect(
      try Self.work(isFused: false, blocks: 2)[.product]?.traffic[1]
        == .init(bytes: 10000, footprint: 5670))
  }
}
