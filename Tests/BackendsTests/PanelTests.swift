import Convolution
import Parallel
import Testing

@testable import Backends

/// Panels are read across the borders of images, and what lies there masked away.
@Suite struct PanelTests {
  private static let backends: [any ConvolutionBackend] = [
    ImplicitGEMMBackend(), Im2colBackend(), DirectBackend(),
  ]

  /// No output but those whose windows hold a NaN may become NaN: it does not vanish when multiplied by 0.
  @Test(arguments: InstructionSet.available, [3, 5, 14, 15, 33])
  func neighboursBeyondABorderDoNotCount(_ isa: InstructionSet, _ size: Int) throws {
    let p = try ConvolutionProblem(
      mb: 2, ic: 3, ih: size, iw: size, oc: 5, kh: 3, kw: 3, ph: 1, pw: 1)
    let src = try AlignedBuffer(count: p.srcCount)
    let wei = try AlignedBuffer(count: p.weiCount)
    let dst = try AlignedBuffer(count: p.dstCount)
    for i in 0..<p.weiCount { wei.elements[i] = 1 }
    for (i, column) in (0..<p.srcCount).map({ ($0, $0 % size) }) {
      src.elements[i] = column == size - 1 ? .nan : 1
    }
    for backend in Self.backends {
      let plan = try backend.makePlan(
        p, PlanOptions(isa: isa, threads: 1, layout: .nchw))
      plan.prepare(wei: wei.readOnly, bias: nil)
      plan.execute(src: src.readOnly, dst: dst.baseAddress)
      for i in 0..<p.dstCount {
        let sees = i % size >= size - 2
        #expect(dst.elements[i].isNaN == sees, "\(backend.name): output \(i)")
      }
    }
  }

  /// As few blocks as memory allows may be three for two threads.
  @Test(arguments: InstructionSet.available, 1...64)
  func blocksOfPanelsAreSharedEvenly(_ isa: InstructionSet, _ quarter: Int) throws {
    let p = try ConvolutionProblem(ic: 16 * quarter, ih: 56, iw: 56, oc: 32, kh: 1, kw: 1)
    let plan = try ImplicitGEMMPlan(p, PlanOptions(isa: isa, threads: 2, layout: .nchw))
    let blocks = plan.panelBlocks
    let region = ParallelRegion(threads: 2, stages: [blocks.count])
    let shares = (0..<2).map { thread in
      blocks[region.share(stage: 0, thread: thread)].reduce(0) { $0 + $1.count }
    }
    #expect(Double(shares.max()!) <= 0.56 * Double(shares.reduce(0, +)), "\(blocks)")
  }

  /// 14×14 pixels are no whole number of vectors: the last panel begins earlier, and nothing is packed or copied.
  @Test(arguments: InstructionSet.available)
  func panelsInPlaceNeedNoWorkspace(_ isa: InstructionSet) throws {
    let p = try ConvolutionProblem(ic: 40, ih: 14, iw: 14, oc: 32, kh: 1, kw: 1)
    for threads in [1, 2] {
      let plan = try ImplicitGEMMPlan(p, PlanOptions(isa: isa, threads: threads, layout: .nchw))
      #expect(plan.variant.hasSuffix("in place") && plan.workspaceBytes == 0, "\(plan.variant)")
    }
    let wide = 3 * isa.kernels.lanes
    let plan = try ImplicitGEMMPlan(p, PlanOptions(isa: isa, threads: 1, layout: .nchw))
    #expect(plan.variant.contains("x\(wide) ") == (isa.kernels.max_vectors >= 3), "\(plan.variant)")
  }
}
