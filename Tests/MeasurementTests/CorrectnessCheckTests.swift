import Backends
import Convolution
import Testing

@testable import Measurement

/// A plan with one fault of each kind must fail, a correct one must not.
@Suite struct CorrectnessCheckTests {
  static let problem = try! ConvolutionProblem(
    mb: 2, g: 2, ic: 6, ih: 7, iw: 9, oc: 10, kh: 3, kw: 3, sh: 2, ph: 1, pw: 1)
  private static let dense = try! ConvolutionProblem(
    mb: 2, g: 2, ic: 6, ih: 7, iw: 9, oc: 10, kh: 3, kw: 3, ph: 1, pw: 1)
  private static let pointwise = try! ConvolutionProblem(
    mb: 2, g: 2, ic: 6, ih: 7, iw: 9, oc: 10, kh: 1, kw: 1, sh: 2)
  /// For the backends that do not take `problem`, one that they do.
  static let narrowProblems = ["fft": dense, "winograd": dense, "gemm-1x1": pointwise]
  static let layouts: [TensorLayout] = [.nchw, .blocked(lanes: 4), .blocked(lanes: 16)]

  /// Checks `backend` in its native layout.
  private func outcome(
    _ backend: some ConvolutionBackend, bias: Bool = true, relu: Bool = false
  ) throws -> CheckOutcome {
    let options = PlanOptions(
      isa: .generic, threads: 1, layout: .native, bias: bias, relu: relu)
    let plan = try backend.makePlan(Self.problem, options)
    let src = try AlignedBuffer(count: plan.src.count)
    let dst = try AlignedBuffer(count: plan.dst.count)
    let check = try CorrectnessCheck(Self.problem, seed: 5, threads: 1)
    return check.check(plan, options: options, src: src.baseAddress, dst: dst.baseAddress)
  }

  private func failure(
    native: TensorLayout = .nchw, bound: any ErrorBound = SummationBound(),
    _ spoil: @escaping @Sendable (FakePlan.Result) -> Void
  ) throws -> String {
    let backend = FakeBackend(native: native, bound: bound, spoil: spoil)
    return try #require(try outcome(backend).failure)
  }

  @Test(arguments: layouts, [false, true])
  func aCorrectPlanPasses(layout: TensorLayout, ending: Bool) throws {
    let outcome = try outcome(FakeBackend(native: layout), bias: ending, relu: ending)
    #expect(outcome.failure == nil)
    #expect(outcome.checkedOutputs == Self.problem.dstCount)
    #expect(outcome.errorBoundFraction > 0 && outcome.errorBoundFraction < 1)
    #expect(outcome.maxAbsError > 0 && outcome.maxAbsError < 1e-6)
    #expect(outcome.relL2Error > 0 && outcome.relL2Error < 1e-7)
  }

  @Test(arguments: BackendList.all.map(\.name))
  func everyBackendPasses(name: String) throws {
    let backend = try #require(BackendList.named(name))
    let problem = Self.narrowProblems[name] ?? Self.problem
    let options = PlanOptions(isa: .best, threads: 1)
    // A peer whose library may be missing is skipped; whatever else is declined is a failure.
    if name == "onednn", (try? backend.validate(problem, options)) == nil { return }
    let plan = try backend.makePlan(problem, options)
    let src = try AlignedBuffer(count: plan.src.count)
    let dst = try AlignedBuffer(count: plan.dst.count)
    let check = try CorrectnessCheck(problem, seed: 5, threads: 1)
    let outcome = check.check(plan, options: options, src: src.baseAddress, dst: dst.baseAddress)
    #expect(outcome.failure == nil)
    #expect(outcome.checkedOutputs == problem.dstCount)
  }

  @Test(arguments: layouts)
  func oneWrongElementFails(layout: TensorLayout) throws {
    let text = try failure(native: layout) { if !$0.isExact { $0.at(1, 7, 2, 8).pointee += 1e-3 } }
    #expect(text.hasPrefix("n=1 k=7 p=2 q=8: got "))
    #expect(text.contains("expected") && text.contains("off by") && text.contains("bound"))
  }

  @Test(arguments: layouts)
  func oneUnitOffAnIntegerFails(layout: TensorLayout) throws {
    let text = try failure(native: layout) { if $0.isExact { $0.at(0, 9, 3, 0).pointee += 1 } }
    #expect(text.hasPrefix("integer data: n=0 k=9 p=3 q=0: got "))
    #expect(text.hasSuffix("exactly"))
  }

  @Test func integersAreForExactPlansOnly() throws {
    let backend = FakeBackend(
      bound: InexactBound(), spoil: { if $0.isExact { $0.at(0, 9, 3, 0).pointee += 1 } })
    #expect(try outcome(backend).failure == nil)
  }

  @Test(arguments: layouts)
  func anUnwrittenElementFails(layout: TensorLayout) throws {
    // NaN is what the destination held before.
    let text = try failure(native: layout) { if !$0.isExact { $0.at(1, 0, 0, 5).pointee = .nan } }
    #expect(text == "n=1 k=0 p=0 q=5: not written, or NaN")
  }

  @Test func thePoisonIsThereBeforeEachRun() throws {
    let seen = Seen()
    let backend = FakeBackend(beforeExecute: { seen.runs += 1 })
    let options = PlanOptions(isa: .generic, threads: 1)
    let plan = PoisonWitness(try backend.makePlan(Self.problem, options), seen: seen)
    let src = try AlignedBuffer(count: plan.src.count)
    let dst = try AlignedBuffer(count: plan.dst.count)
    let check = try CorrectnessCheck(Self.problem, seed: 5, threads: 1)
    _ = check.check(plan, options: options, src: src.baseAddress, dst: dst.baseAddress)
    #expect(seen.runs == 2)
    #expect(seen.poisoned == 2)
  }

  @Test func anInfiniteElementFails() throws {
    let text = try failure { $0.at(1, 9, 3, 8).pointee = -.infinity }
    #expect(text == "integer data: n=1 k=9 p=3 q=8: got -inf")
  }

  @Test(arguments: [TensorLayout.blocked(lanes: 4), .blocked(lanes: 16)])
  func unwrittenFillingFails(layout: TensorLayout) throws {
    // The lane after the last channel of the last group.
    let text = try failure(native: layout) { $0.at(1, 9, 0, 0)[1] = .nan }
    #expect(text.contains("filling at element"))
  }

  @Test(arguments: [TensorLayout.blocked(lanes: 4), .blocked(lanes: 16)])
  func fillingThatIsNotZeroFails(layout: TensorLayout) throws {
    let text = try failure(native: layout) { $0.at(0, 4, 1, 0)[1] = 0.5 }
    #expect(text.contains("filling after channel 4 of image 0, pixel 9: got 0.5, expected 0"))
  }

  @Test func aWrongBorderFails() throws {
    // Padding taken for ones: only the first row differs.
    let text = try failure { result in
      for q in 0..<9 where !result.isExact { result.at(0, 3, 0, q).pointee *= 1.01 }
    }
    #expect(text.contains("n=0 k=3 p=0"))
  }

  @Test func theWorstElementIsNamed() throws {
    let text = try failure { result in
      guard !result.isExact else { return }
      result.at(0, 0, 0, 0).pointee += 1
      result.at(0, 1, 0, 0).pointee += 100
    }
    #expect(text.hasPrefix("n=0 k=1 p=0 q=0"))
  }

  @Test func aBoundThatIsNotANumberFails() throws {
    #expect(try failure(bound: BrokenBound()) { _ in }.hasSuffix("bound nan"))
  }

  @Test func thePlanIsLeftWithNormalData() throws {
    let backend = FakeBackend()
    let options = PlanOptions(isa: .generic, threads: 1)
    let plan = try backend.makePlan(Self.problem, options)
    let src = try AlignedBuffer(count: plan.src.count)
    let dst = try AlignedBuffer(count: plan.dst.count)
    let data = try OperandSet.normal(Self.problem, seed: 5)
    let check = try CorrectnessCheck(Self.problem, normal: data, seed: 5, threads: 1)
    _ = check.check(plan, options: options, src: src.baseAddress, dst: dst.baseAddress)
    #expect(src.elements.elementsEqual(data.src.elements))
    let before = Array(dst.elements)
    data.prepare(plan, options)
    plan.execute(src: src.readOnly, dst: dst.baseAddress)
    #expect(dst.elements.elementsEqual(before))
  }
}

private final class Seen: @unchecked Sendable {
  var runs = 0
  var poisoned = 0
}

/// Counts the runs that find every element of the destination poisoned.
private final class PoisonWitness: ConvolutionPlan {
  private let plan: any ConvolutionPlan
  private let seen: Seen

  init(_ plan: any ConvolutionPlan, seen: Seen) {
    self.plan = plan
    self.seen = seen
  }

  var variant: String { plan.variant }
  var src: TensorDescription { plan.src }
  var dst: TensorDescription { plan.dst }
  var weightsBytes: Int { plan.weightsBytes }
  var workspaceBytes: Int { plan.workspaceBytes }
  var executedFLOPs: Double { plan.executedFLOPs }
  var errorBound: any ErrorBound { plan.errorBound }

  func prepare(wei: UnsafePointer<Float>, bias: UnsafePointer<Float>?) {
    plan.prepare(wei: wei, bias: bias)
  }

  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    if (0..<plan.dst.count).allSatisfy({ dst[$0].isNaN }) { seen.poisoned += 1 }
    plan.execute(src: src, dst: dst)
  }
}

/// The summation bound of a plan that is not exact on integers.
private struct InexactBound: ErrorBound {
  var isExactOnIntegers: Bool { false }

  func bounds(
    at positions: [OutputPosition], reference: [ReferenceOutput], operands: ConvolutionOperands
  ) -> [Double] {
    SummationBound().bounds(at: positions, reference: reference, operands: operands)
  }
}

private struct BrokenBound: ErrorBound {
  var isExactOnIntegers: Bool { false }

  func bounds(
    at positions: [OutputPosition], reference: [ReferenceOutput], operands: ConvolutionOperands
  ) -> [Double] { positions.map { _ in .nan } }
}
