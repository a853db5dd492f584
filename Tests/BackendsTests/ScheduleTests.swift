import Convolution
import Parallel
import Testing

@testable import Backends

/// The order in which `direct` passes through image and weights.
@Suite struct ScheduleTests {
  private static let mebibyte = CacheSizes(l1: 32 << 10, l2: 1 << 20, l3: 32 << 20)

  /// `direct` in a given order.
  private struct Forced: ConvolutionBackend {
    let name = "direct"
    let summary = ""
    let variants: [String] = []
    let schedule: DirectSchedule

    func validate(_ problem: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {}

    func makePlan(
      _ problem: ConvolutionProblem, _ options: PlanOptions
    ) throws(PlanError) -> any ConvolutionPlan {
      do { return try DirectPlan(problem, options, forcedSchedule: schedule) } catch {
        throw .memory(error)
      }
    }
  }

  private static let schedules = [
    DirectSchedule(byColumns: true, budget: .max, weightsStream: true),
    DirectSchedule(byColumns: false, budget: 1 << 20, weightsStream: true),
    DirectSchedule(byColumns: false, budget: 8 << 10, weightsStream: true),
    DirectSchedule(byColumns: false, budget: 1, weightsStream: false),
  ]

  @Test(arguments: InstructionSet.available, LayoutRequest.allCases)
  func everyOrderAgreesWithReference(_ isa: InstructionSet, _ layout: LayoutRequest) throws {
    for schedule in Self.schedules {
      let backend = Forced(schedule: schedule)
      for (i, problem) in AdversarialProblems.all.enumerated() {
        for threads in [1, 3] {
          let options = PlanOptions(
            isa: isa, threads: threads, layout: layout, bias: i % 2 == 0, relu: i % 3 == 0)
          let verification = Verification(problem: problem, backend: backend, options: options)
          let failure = try verification.failure(.integers)
          #expect(failure == nil, "\(problem) \(options) \(schedule)")
        }
      }
    }
  }

  /// 13 rows are 7 and 6 for two threads; two halves of the channels are two halves.
  @Test(arguments: InstructionSet.available)
  func bandsShareColumnsWhereRowsShareBadly(_ isa: InstructionSet) throws {
    let outputs = 12 * isa.kernels.lanes
    let odd = try ConvolutionProblem(
      ic: 33, ih: 13, iw: 13, oc: outputs, kh: 3, kw: 3, ph: 1, pw: 1)
    let even = try ConvolutionProblem(
      ic: 33, ih: 12, iw: 13, oc: outputs, kh: 3, kw: 3, ph: 1, pw: 1)
    let bands = DirectSchedule(byColumns: false, budget: 1 << 20, weightsStream: false)
    var shared = 0
    for threads in [1, 2, 3, 4] {
      let options = PlanOptions(isa: isa, threads: threads, layout: .native, bias: true)
      let plan = try DirectPlan(odd, options, forcedSchedule: bands)
      if plan.columnItems > 1 {
        shared += 1
        #expect(threads > 1 && plan.tiling.columns.count.isMultiple(of: plan.columnItems))
      }
      let verification = Verification(
        problem: odd, backend: Forced(schedule: bands), options: options)
      #expect(try verification.failure(.integers) == nil, "\(options)")
    }
    #expect(shared > 0)
    let options = PlanOptions(isa: isa, threads: 2, layout: .native)
    #expect(try DirectPlan(even, options, forcedSchedule: bands).columnItems == 1)
  }

  /// Shapes by what they move beyond L2. Columns where the image stays beside a column's weights, or where so
  /// many threads would each stream all weights for a few rows.
  @Test(arguments: [
    (
      try! ConvolutionProblem(ic: 64, ih: 56, iw: 56, oc: 64, kh: 3, kw: 3, ph: 1, pw: 1), 1, false,
      false
    ),
    (
      try! ConvolutionProblem(ic: 128, ih: 112, iw: 112, oc: 128, kh: 3, kw: 3, ph: 1, pw: 1), 1,
      false, true
    ),
    (
      try! ConvolutionProblem(ic: 128, ih: 112, iw: 112, oc: 128, kh: 3, kw: 3, ph: 1, pw: 1), 2,
      false, true
    ),
    (
      try! ConvolutionProblem(ic: 128, ih: 112, iw: 112, oc: 128, kh: 3, kw: 3, ph: 1, pw: 1), 64,
      true, true
    ),
    (
      try! ConvolutionProblem(ic: 512, ih: 14, iw: 14, oc: 512, kh: 3, kw: 3, ph: 1, pw: 1), 1,
      true, true
    ),
    (try! ConvolutionProblem(ic: 512, ih: 28, iw: 28, oc: 512, kh: 1, kw: 1), 1, false, true),
    (
      try! ConvolutionProblem(ic: 1024, ih: 14, iw: 14, oc: 2048, kh: 1, kw: 1, sh: 2, sw: 2), 1,
      true, true
    ),
    (try! ConvolutionProblem(ic: 4096, ih: 1, iw: 1, oc: 4096, kh: 1, kw: 1), 1, true, true),
  ])
  func movesTheFewerBytes(
    _ p: ConvolutionProblem, threads: Int, byColumns: Bool, weightsStream: Bool
  ) throws {
    for layout in LayoutRequest.allCases {
      let options = PlanOptions(isa: .best, threads: threads, layout: layout)
      let kernels = options.isa.kernels
      let schedule = DirectSchedule(
        DirectSource(p, options, kernels, copiesBorder: true),
        RegisterTiling(pixels: p.ow, vectors: p.oc / kernels.lanes, kernels: kernels),
        threads: threads, cache: Self.mebibyte)
      #expect(schedule.byColumns == byColumns, "\(p) \(layout)")
      #expect(schedule.weightsStream == weightsStream, "\(p) \(layout)")
    }
  }
}
