import Convolution
import Testing

@testable import Backends

/// What `auto` takes, and on which ground; that its results are right, all backends' tests see to.
struct AutoTests {
  static let problem = try! ConvolutionProblem(ic: 33, ih: 13, iw: 29, oc: 48, kh: 3, kw: 3)
  static let options = PlanOptions(isa: .best, threads: 1)

  private static func table(
    _ rows: [(String, Double, Double)], problem: ConvolutionProblem = problem,
    options: PlanOptions = options
  ) -> TuningTable {
    let ranking = rows.map { TuningTable.Candidate(name: $0.0, seconds: $0.1, relL2Error: $0.2) }
    return TuningTable([.init(problem, options): ranking], source: "t.json", emptiness: "none")
  }

  private let measured = table([
    ("onednn", 1, 1e-7), ("reference", 2, 1e-8), ("winograd-f99", 3, 1e-7),
    ("winograd-f6", 5, 2e-5), ("direct", 7, 4e-7), ("winograd-f4", 6, 3e-6),
  ])

  @Test func theFastestOfTheTableIsTaken() throws {
    let plan = try AutoBackend(measured).makePlan(Self.problem, Self.options)
    // Peers, the reference and unknown names are passed over, and f6 is not accurate enough.
    #expect(plan.variant == "winograd-f4" && plan.note == "tuned")
  }

  @Test(arguments: [
    (1e-4, "winograd-f6"), (2e-5, "winograd-f6"), (1e-5, "winograd-f4"), (1e-6, "direct"),
  ])
  func theErrorLimitDecides(_ limit: Double, _ name: String) throws {
    var options = Self.options
    options.maxError = limit
    #expect(try AutoBackend(measured).choice(Self.problem, options).name == name)
  }

  @Test func nothingAccurateEnoughIsSaid() throws {
    var options = Self.options
    options.maxError = 1e-9
    for table in [measured, .empty] {
      let error = try #require(throws: Unsupported.self) {
        try AutoBackend(table).validate(Self.problem, options)
      }
      #expect(error.reason.hasPrefix("nothing is as accurate as 1e-09: "))
    }
  }

  @Test func biasAndReLUChangeNoChoice() throws {
    var options = Self.options
    (options.bias, options.relu) = (true, true)
    #expect(try AutoBackend(measured).choice(Self.problem, options).note == "tuned")
  }

  @Test func variantsAreDeclined() {
    var options = Self.options
    options.variant = "f4"
    #expect(throws: Unsupported("has no variants")) {
      try AutoBackend(measured).validate(Self.problem, options)
    }
  }

  @Test func theCostModelStepsInAndSaysWhy() throws {
    let auto = AutoBackend(measured)
    var options = Self.options
    options.threads = 2
    let elsewhere = try auto.choice(Self.problem, options)
    #expect(
      elsewhere.note == "cost model: no entry for this problem with 2 threads, "
        + "\(options.isa.rawValue) and nchw in t.json")
    let other = try Self.problem.with(mb: 2)
    #expect(
      try auto.choice(other, Self.options).note == "cost model: no entry for this problem in t.json"
    )
    let none = AutoBackend(TuningTable([:], source: "t.json", emptiness: "there is none"))
    #expect(try none.makePlan(other, Self.options).note == "cost model: there is none")
  }

  /// Measured rows that no longer run here are no choice.
  @Test func whatDeclinesNowIsPassedOver() throws {
    let table = Self.table([("gemm-1x1", 1, 1e-7), ("im2col", 2, 1e-7)])
    #expect(try AutoBackend(table).choice(Self.problem, Self.options).name == "im2col")
    let useless = Self.table([("gemm-1x1", 1, 1e-7)])
    #expect(
      try AutoBackend(useless).choice(Self.problem, Self.options).note
        == "cost model: no entry for this problem that still runs in t.json")
  }

  @Test(arguments: InstructionSet.available) func everythingIsTaken(_ isa: InstructionSet) throws {
    for problem in AdversarialProblems.all {
      for layout in LayoutRequest.allCases {
        let options = PlanOptions(isa: isa, threads: 2, layout: layout)
        let choice = try AutoBackend().choice(problem, options)
        #expect(!["onednn", "reference", "auto"].contains(choice.backend.name))
      }
    }
  }

  /// Each candidate in turn is the fastest: its plan is made, runs and is right.
  @Test func everyCandidateCanBeTheChoice() throws {
    var taken: Set<String> = []
    for (i, problem) in (AdversarialProblems.all + StripTests.problems).enumerated() {
      let options = PlanOptions(
        isa: .best, threads: 2, layout: i % 2 == 0 ? .nchw : .native, bias: i % 3 == 0)
      for candidate in AutoBackend.Candidate.all where candidate.takes(problem, options) {
        let table = Self.table([(candidate.name, 1, 1e-6)], problem: problem, options: options)
        let auto = AutoBackend(table)
        #expect(try auto.choice(problem, options).name == candidate.name)
        guard taken.insert(candidate.name).inserted else { continue }
        // The walls that a verification looks at stand around the choice's own buffers.
        var forced = options
        forced.variant = candidate.variant
        let own = try Self.buffers { try candidate.backend.makePlan(problem, forced) }
        let buffers = try Self.buffers { try auto.makePlan(problem, options) }
        #expect(buffers == own && own > 0, "\(candidate.name)")
        let verification = Verification(problem: problem, backend: auto, options: options)
        #expect(try verification.failure(.normal) == nil, "\(candidate.name) on \(problem)")
      }
    }
    #expect(taken == Set(AutoBackend.Candidate.all.map(\.name)))
  }

  /// How many buffers stand between walls when a plan is made.
  private static func buffers(_ makePlan: () throws -> any ConvolutionPlan) throws -> Int {
    let watch = BufferWatch()
    _ = try BufferWatch.$current.withValue(watch) { try makePlan() }
    return watch.count
  }

  /// The cost model relies on these where nothing was measured. Where most taps are padding, errors
  /// are larger beside results that are small.
  @Test func errorsStayBelowWhatIsExpected() throws {
    for problem in AdversarialProblems.all
    where problem.dstCount >= 512 && problem.ph < problem.kh {
      for candidate in AutoBackend.Candidate.all where candidate.takes(problem, Self.options) {
        var options = Self.options
        options.variant = candidate.variant
        let error = try Verification(
          problem: problem, backend: candidate.backend, options: options
        ).relL2Error()
        let expected = candidate.estimate(problem, Self.options).error
        #expect(error <= expected, "\(candidate.name) on \(problem)")
      }
    }
  }

  /// Far from where the estimates cross.
  @Test(arguments: [
    (
      try! ConvolutionProblem(ic: 256, ih: 56, iw: 56, oc: 256, kh: 3, kw: 3, ph: 1, pw: 1),
      "winograd"
    ),
    (try! ConvolutionProblem(ic: 64, ih: 56, iw: 56, oc: 64, kh: 3, kw: 3, sh: 2, sw: 2), "direct"),
    (try! ConvolutionProblem(ic: 64, ih: 56, iw: 56, oc: 64, kh: 9, kw: 9, ph: 4, pw: 4), "fft"),
  ])
  func theCostModelKnowsTheClearCases(_ problem: ConvolutionProblem, _ name: String) throws {
    #expect(try AutoBackend().choice(problem, Self.options).backend.name == name)
  }
}
