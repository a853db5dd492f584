import Convolution
import Testing

@testable import Backends

/// What `winograd` and `fft` weigh is what they choose from.
struct CandidateTests {
  static let backends: [any WeighingBackend & PredictableBackend] = [
    WinogradBackend(), FFTBackend(),
  ]
  static let options = PlanOptions(isa: .best, threads: 1)

  private static func problem(_ channels: Int, _ size: Int = 14) throws -> ConvolutionProblem {
    try ConvolutionProblem(
      ic: channels, ih: size, iw: size, oc: channels, kh: 3, kw: 3, ph: 1, pw: 1)
  }

  @Test(arguments: InstructionSet.available) func thePlanTakesTheCheapest(
    isa: InstructionSet
  ) throws {
    var seen = 0
    for backend in Self.backends {
      for (i, problem) in AdversarialProblems.all.enumerated() {
        var options = PlanOptions(
          isa: isa, threads: 1 + i % 3, layout: i % 2 == 0 ? .nchw : .native)
        if i % 4 == 3 { options.variant = backend.variants[0] }
        guard let candidates = try? backend.candidates(problem, options) else { continue }
        let chosen = try #require(candidates.first { $0.isChosen })
        #expect(candidates.filter(\.isChosen).count == 1)
        #expect(chosen.refusal == nil)
        let cycles = try #require(chosen.cost?.cycles)
        #expect(cycles == candidates.filter { $0.refusal == nil }.map { $0.cost!.cycles }.min())
        #expect(cycles == backend.estimatedCycles(problem, options))
        #expect(chosen.expectedError == backend.expectedError(problem, options))
        let plan = try backend.makePlan(problem, options)
        #expect(plan.variant.hasPrefix("\(chosen.variant) \(chosen.schedule) "))
        #expect(plan.weightsBytes == chosen.weightsBytes)
        seen += 1
      }
    }
    #expect(seen > 20)
  }

  @Test func everyTileComesInAllSchedules() throws {
    // 19 outputs are 4·4 + 3, 3·5 + 4 and 2·6 + 2·4.
    let problem = try Self.problem(64, 19)
    for backend in Self.backends {
      let names = try backend.candidates(problem, Self.options).map {
        "\($0.variant) \($0.schedule)"
      }
      let forcible = backend.forcible.filter { $0.contains("-") }
      #expect(names == forcible.map { $0.replacing("-", with: " ") } && names.count >= 6)
    }
  }

  @Test func aScheduleCanBeForced() throws {
    let problem = try Self.problem(64, 19)
    for backend in Self.backends {
      for variant in backend.forcible where variant.contains("-") {
        var options = Self.options
        options.variant = variant
        let candidates = try backend.candidates(problem, options)
        #expect(candidates.map { "\($0.variant)-\($0.schedule)" } == [variant])
        let plan = try backend.makePlan(problem, options)
        #expect(plan.variant.hasPrefix(variant.replacing("-", with: " ") + " "))
      }
    }
  }

  @Test func anImpossibleScheduleIsDeclined() throws {
    let problem = try Self.problem(1 << 14)
    var options = Self.options
    options.variant = "f6-fused"
    do {
      try WinogradBackend().validate(problem, options)
      Issue.record("taken")
    } catch {
      #expect(error.reason.hasPrefix("fused: a tile's spectra take "))
      #expect(error.reason.hasSuffix("more than 5/8 of L2"))
    }
    options.variant = "f6-staged"
    #expect(throws: Never.self) { try WinogradBackend().validate(problem, options) }
  }

  @Test func termsAddUpButForWhatOverlaps() {
    func cycles(
      product: Double, overlap: Double, weights: Double, isFar: Bool = false
    ) -> Double {
      TransformCost.Terms(
        input: 1, product: product, overlap: overlap, weights: weights, isFar: isFar,
        spectra: 4000, output: 50000
      ).cycles
    }
    #expect(cycles(product: 20, overlap: 1, weights: 300) == 54301)
    #expect(cycles(product: 300, overlap: 1, weights: 20) == 54301)
    #expect(cycles(product: 400, overlap: 0.25, weights: 100) == 54401)
    #expect(cycles(product: 400, overlap: 0.25, weights: 300) == 54601)
    // An eighth more than the longer one if both are the same, next to nothing if they are not.
    let both = cycles(product: 100, overlap: 1, weights: 100, isFar: true) - 54001
    #expect(abs(both - 112.2462) < 1e-3)
    let more = cycles(product: 100, overlap: 1, weights: 400, isFar: true) - 54001
    #expect(more > 400 && more < 400.1)
  }

  /// A limit just below the chosen tile's expected error makes the choice another one.
  @Test func theErrorLimitMovesTheChoice() throws {
    let problem = try Self.problem(64, 56)
    let backend = WinogradBackend()
    let first = try #require(
      try backend.candidates(problem, Self.options).first { $0.isChosen })
    var options = Self.options
    options.maxError = first.expectedError.nextDown
    let candidates = try backend.candidates(problem, options)
    let second = try #require(candidates.first { $0.isChosen })
    #expect(second.variant != first.variant && second.expectedError <= options.maxError)
    for candidate in candidates where candidate.cost != nil {
      #expect(
        candidate.refusal
          == (candidate.expectedError > options.maxError
            ? "expected error above the limit of \(options.maxError)" : nil))
    }
    #expect(try backend.makePlan(problem, options).variant.hasPrefix(second.variant))
    options.variant = first.variant
    #expect(try backend.makePlan(problem, options).variant.hasPrefix(first.variant), "forced")
  }

  @Test(arguments: zip(backends.map(\.name), ["f2", "t8"])) func nothingAccurateEnoughIsSaid(
    name: String, best: String
  ) throws {
    var options = Self.options
    options.maxError = 1e-9
    let backend = try #require(Self.backends.first { $0.name == name })
    let problem = try Self.problem(64)
    let error = try #require(throws: Unsupported.self) { try backend.validate(problem, options) }
    #expect(
      error.reason.hasPrefix(
        "no tile is as accurate as 1e-09: \(best), the most accurate, may have a relative error of "
      ))
    // Two digits, rounded up.
    let shown = try #require(error.reason.split(separator: " ").last.flatMap { Double($0) })
    let expected = try backend.candidates(problem, Self.options).map(\.expectedError).min()!
    #expect(shown >= expected && shown < expected * 1.1)
    #expect(throws: error) { _ = try backend.candidates(problem, options) }
    options.variant = best
    try backend.validate(problem, options)
  }

  @Test func tilesThatTakeTooMuchMemoryAreRefused() throws {
    let candidates = try FFTBackend().candidates(Self.problem(2048), Self.options)
    #expect(candidates.first { $0.isChosen }?.variant == "t8")
    let reasons = Dictionary(grouping: candidates, by: \.variant).mapValues { $0.map(\.refusal) }
    #expect(reasons["t8"]?.last == .some(nil))
    // 4 GiB.
    #expect(reasons["t16"]?.last == .some(nil))
    #expect(
      reasons["t32"]?.last == "transformed weights of 16 GiB, more than the limit of 4 GiB")
    let fused = try #require(candidates.first { $0.variant == "t32" && $0.schedule == "fused" })
    #expect(fused.cost == nil && fused.tiles == 0)
    #expect(
      fused.refusal?.hasPrefix("a tile's spectra take 12463 KiB") == (Self.options.isa == .avx512))
  }
}
