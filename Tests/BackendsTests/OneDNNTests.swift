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
    // `direct`, the implementation, the layout.
    let words = plan.variant.split(separator: " ")
    #expect(words.count == 3 && words.first == "direct" && words[1].contains(":"))
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

  /// Which problems are reordered is a heuristic; these are far from where it turns.
  @Test(
    .enabled(if: isInstalled),
    arguments: [
      (try! ConvolutionProblem(ic: 64, ih: 14, iw: 14, oc: 64, kh: 1, kw: 1), false),
      (try! ConvolutionProblem(ic: 512, ih: 7, iw: 7, oc: 512, kh: 1, kw: 1), true),
      (try! ConvolutionProblem(ic: 3, ih: 30, iw: 30, oc: 64, kh: 3, kw: 3), false),
      (try! ConvolutionProblem(ic: 64, ih: 14, iw: 14, oc: 64, kh: 3, kw: 3), true),
      (try! ConvolutionProblem(g: 64, ic: 64, ih: 14, iw: 14, oc: 64, kh: 3, kw: 3), true),
    ])
  func reordersOnlyWhereTheyPay(_ problem: ConvolutionProblem, _ isReordered: Bool) throws {
    let plan = try backend.makePlan(problem, options(.nchw))
    #expect(plan.variant.hasSuffix(isReordered ? " reordered" : " nchw"))
    #expect(plan.src.layout == .nchw && plan.dst.layout == .nchw)
    let reordered = isReordered ? 4 * (problem.srcCount + problem.dstCount) : 0
    #expect(plan.workspaceBytes >= reordered)
  }

  /// The plan remembers addresses between runs; new ones must still be taken.
  @Test(.enabled(if: isInstalled), arguments: LayoutRequest.allCases)
  func everyRunUsesTheBuffersItIsGiven(_ layout: LayoutRequest) throws {
    let plan = try backend.makePlan(problem, options(layout))
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
