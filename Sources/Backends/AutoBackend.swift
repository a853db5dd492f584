import Convolution

/// The fastest backend for the problem: the best measured one, or the one of least estimated cost.
///
/// It chooses among the suite's own implementations and each of their variants. `reference` competes
/// with nobody, and a peer is what the choice is compared with: neither is ever taken. `direct` and
/// `im2col` take every problem, so there is always a choice.
///
/// 1. Where the tuning table has a ranking of the problem, for this instruction set, layout and number
///    of threads: the least median among candidates whose measured error is at most
///    `options.maxError`.
/// 2. Elsewhere: the least estimate of `PredictableBackend`, among those expected to be as accurate;
///    the plan's note then says so and why.
///
/// The choice is made when the plan is, outside of anything timed.
public struct AutoBackend: ConvolutionBackend {
  /// `auto`.
  public let name = "auto"
  /// One line for `list backends`.
  public let summary =
    "the fastest of the above by the tuning file of conv-bench tune, else by estimated cost"
  /// None: it is itself a choice of variants.
  public let variants: [String] = []
  private let table: TuningTable

  /// Creates a chooser.
  public init(_ table: TuningTable = .empty) { self.table = table }

  /// What was chosen and on which ground.
  public struct Choice: Sendable {
    /// Who computes.
    public let backend: any ConvolutionBackend
    /// The variant to force; nil if the backend has none.
    public let variant: String?
    /// Why the tuning table did not decide; nil if it did.
    public let absence: String?

    /// `direct`, `winograd-f4`.
    public var name: String { Candidate(backend: backend, variant: variant).name }
    /// `tuned`, or `cost model: ` and why.
    public var note: String { absence.map { "cost model: \($0)" } ?? "tuned" }
  }

  /// The choice for a problem; `options.variant` must be nil.
  ///
  /// - Throws: `Unsupported` if a variant is asked for or nothing is as accurate as `options.maxError`.
  public func choice(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(Unsupported) -> Choice {
    guard options.variant == nil else { throw Unsupported("has no variants") }
    let candidates = Candidate.all.filter { $0.takes(problem, options) }
    let key = TuningTable.Key(problem, options)
    let measured = (table.ranking(key) ?? []).flatMap { row in
      candidates.filter { $0.name == row.name }.map {
        Rating(candidate: $0, cost: row.seconds, error: row.relL2Error)
      }
    }
    if !measured.isEmpty { return try best(measured, options.maxError, absence: nil) }
    let estimated = candidates.map { $0.estimate(problem, options) }
    return try best(estimated, options.maxError, absence: table.absence(key))
  }

  /// Returns if there is a choice.
  public func validate(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(Unsupported) {
    _ = try choice(problem, options)
  }

  /// Makes the plan of the choice.
  public func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    let choice: Choice
    do { choice = try self.choice(problem, options) } catch { throw .unsupported(error) }
    var forced = options
    forced.variant = choice.variant
    return AutoPlan(try choice.backend.makePlan(problem, forced), choice)
  }

  /// Everything that may be chosen: backends, or each of their variants.
  public static var candidates: [(backend: any ConvolutionBackend, variant: String?)] {
    Candidate.all.map { ($0.backend, $0.variant) }
  }

  // MARK: Choosing

  /// An implementation that may be chosen.
  struct Candidate: Sendable {
    let backend: any ConvolutionBackend
    let variant: String?

    var name: String { backend.name + (variant.map { "-" + $0 } ?? "") }

    /// Every predictable backend, or each of its variants.
    static let all: [Candidate] = BackendList.all.filter { $0 is any PredictableBackend }
      .flatMap { backend in
        backend.variants.isEmpty
          ? [Candidate(backend: backend, variant: nil)]
          : backend.variants.map { Candidate(backend: backend, variant: $0) }
      }

    private func forced(_ options: PlanOptions) -> PlanOptions {
      var forced = options
      forced.variant = variant
      return forced
    }

    func takes(_ problem: ConvolutionProblem, _ options: PlanOptions) -> Bool {
      (try? backend.validate(problem, forced(options))) != nil
    }

    func estimate(_ problem: ConvolutionProblem, _ options: PlanOptions) -> Rating {
      let backend = backend as! any PredictableBackend
      return Rating(
        candidate: self, cost: backend.estimatedCycles(problem, forced(options)),
        error: backend.expectedError(problem, forced(options)))
    }
  }

  /// A candidate with its time in any unit and its error.
  struct Rating {
    let candidate: Candidate
    let cost: Double
    let error: Double
  }

  private func best(
    _ ratings: [Rating], _ maxError: Double, absence: String?
  ) throws(Unsupported) -> Choice {
    let accurate = ratings.filter { $0.error <= maxError }
    guard let best = accurate.min(by: { $0.cost < $1.cost }) else {
      let nearest = ratings.min { $0.error < $1.error }!
      throw Unsupported(
        "nothing is as accurate as \(maxError): \(nearest.candidate.name), the most accurate, "
          + "\(absence == nil ? "had" : "may have") a relative error of \(nearest.error)")
    }
    return Choice(
      backend: best.candidate.backend, variant: best.candidate.variant, absence: absence)
  }
}

/// The chosen backend's plan under the name of the choice.
private final class AutoPlan: ConvolutionPlan {
  let variant: String
  let note: String
  private let plan: any ConvolutionPlan

  init(_ plan: any ConvolutionPlan, _ choice: AutoBackend.Choice) {
    self.plan = plan
    variant = choice.name
    note = choice.note
  }

  var src: TensorDescription { plan.src }
  var dst: TensorDescription { plan.dst }
  var weightsBytes: Int { plan.weightsBytes }
  var workspaceBytes: Int { plan.workspaceBytes }
  var executedFLOPs: Double { plan.executedFLOPs }
  var errorBound: any ErrorBound { plan.errorBound }
  var phased: (any PhasedPlan)? { plan.phased }

  func prepare(wei: UnsafePointer<Float>, bias: UnsafePointer<Float>?) {
    plan.prepare(wei: wei, bias: bias)
  }

  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    plan.execute(src: src, dst: dst)
  }
}
