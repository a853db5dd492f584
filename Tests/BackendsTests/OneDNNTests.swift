import Convolution
import Testing

@testable import Backends

/// What the parameterised tests of all backends do not ask of oneDNN; most of it only where it is
/// installed.
struct OneDNNTests {
  static let isInstalled = OneDNN.obstacle == nil
  let backend = OneDNNBackend()
  let problem = AdversarialProblems.all[12]

  private func options(_ layout: LayoutRequest, variant: String? = nil) -> PlanOptions {
    PlanOptions(
      isa: .ofOneDNN(ifUndecided: .best), threads: 1, layout: layout, variant: variant)
  }

  @Test func summarySaysWhetherItIsThere() throws {
    if let obstacle = OneDNN.obstacle {
      #expect(backend.summary == obstacle)
      #expect(throws: Unsupported(obstacle)) { try backend.validate(problem, options(.nchw)) }
    } else {
      #expect(backend.summary.contains("oneDNN \(try #require(OneDNN.version))"))
    }
  }

  @Test(.enabled(if: isInstalled)) func variantNamesTheImplementation() throws {
    let plan = try backend.makePlan(problem, options(.native, variant: "direct"))
    #expect(plan.variant.hasPrefix("direct ") && plan.variant.contains("jit"))
    #expect(plan.weightsBytes >= problem.weiCount * 4)
    #expect(plan.executedFLOPs == problem.flops)
  }

  @Test(.enabled(if: isInstalled)) func groupsAreBlockedTogether() throws {
    let grouped = try ConvolutionProblem(g: 2, ic: 64, ih: 10, iw: 10, oc: 64, kh: 3, kw: 3)
    let plan = try backend.makePlan(grouped, options(.native))
    #expect(plan.src.groups == 1 && plan.src.channels == 64)
    #expect(plan.dst.groups == 1 && plan.dst.channels == 64)
  }

  @Test(.enabled(if: isInstalled), arguments: InstructionSet.available)
  func oneInstructionSetAProcess(_ isa: InstructionSet) {
    let inForce = InstructionSet.ofOneDNN(ifUndecided: .best)
    var reason = ""
    do {
      try backend.validate(problem, PlanOptions(isa: isa, threads: 1))
    } catch { reason = error.reason }
    #expect(reason.isEmpty == (isa == inForce))
    if !reason.isEmpty { #expect(reason.contains("oneDNN runs on \(inForce.rawValue)")) }
  }

  @Test(.enabled(if: isInstalled)) func unknownVariantIsDeclined() {
    #expect(throws: Unsupported("no variant f4, has direct, winograd")) {
      try backend.validate(problem, options(.nchw, variant: "f4"))
    }
  }

  /// The plan remembers addresses between runs; new ones must still be taken.
  @Test(.enabled(if: isInstalled)) func everyRunUsesTheBuffersItIsGiven() throws {
    let plan = try backend.makePlan(problem, options(.nchw))
    let wei = try AlignedBuffer(count: problem.weiCount)
    for i in wei.elements.indices { wei.elements[i] = 1 }
    plan.prepare(wei: wei.readOnly, bias: nil)
    let zeros = try AlignedBuffer(count: plan.src.count)
    let ones = try AlignedBuffer(count: plan.src.count)
    for i in ones.elements.indices { ones.elements[i] = 1 }
    let first = try AlignedBuffer(count: plan.dst.count)
    let second = try AlignedBuffer(count: plan.dst.count)
    plan.execute(src: zeros.readOnly, dst: first.baseAddress)
    plan.execute(src: ones.readOnly, dst: second.baseAddress)
    #expect(first.elements.allSatisfy { $0 == 0 })
    #expect(second.elements.allSatisfy { $0 > 0 })
  }
}
