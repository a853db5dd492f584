import Convolution
import Glibc

/// A tile and a schedule that a backend weighs when it makes a plan, and what its cost model says.
public struct PlanCandidate: Sendable {
  /// The variant that forces the tile, `f4`.
  public let variant: String
  /// `fused`, `staged` or `raw`; `rows` where strips of rows are transformed, not tiles.
  public let schedule: String
  /// Tiles that are transformed, multiplied and transformed back together; 0 if none can be.
  public let tiles: Int
  /// Estimated cycles; nil if the schedule is impossible.
  public let cost: TransformCost.Terms?
  /// Bytes of the transformed weights.
  public let weightsBytes: Int
  /// A relative l2 error that normal data stay below.
  public let expectedError: Double
  /// Why it may not be chosen; nil if it may.
  public let refusal: String?
  /// Whether a plan made now takes it.
  public let isChosen: Bool
}

/// A backend that chooses among tiles and schedules by estimated cost.
public protocol WeighingBackend: ConvolutionBackend {
  /// Everything that `makePlan` weighs for a problem that the backend takes, with the chosen one.
  ///
  /// - Throws: what `validate` throws.
  func candidates(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(Unsupported) -> [PlanCandidate]
}

/// A tile as far as costs depend on it.
protocol TileShape: PlanarTile {
  /// The variant that forces it.
  var name: String { get }
  /// Cycles of a core for both transforms of one tile of `planes` planes and one vector of channels, all of it in
  /// its caches.
  func transformCycles(planes: Int) -> (input: Double, output: Double)
}

/// A tile with one of its schedules.
struct TransformCandidate<Shape: Sendable>: Sendable {
  let shape: Shape
  /// The variant that forces it.
  let name: String
  let estimate: TransformCost.Estimate
  let weightsBytes: Int
  let expectedError: Double
  let refusal: String?

  /// Cycles of what may be chosen.
  private var eligibleCycles: Double? { refusal == nil ? estimate.terms?.cycles : nil }

  /// The place of the candidate of least cost; nil if none may be chosen.
  static func cheapest(_ candidates: [TransformCandidate]) -> Int? {
    candidates.indices.filter { candidates[$0].eligibleCycles != nil }
      .min { candidates[$0].eligibleCycles! < candidates[$1].eligibleCycles! }
  }

  /// The same of another kind.
  func map<Other>(_ transform: (Shape) -> Other) -> TransformCandidate<Other> {
    .init(
      shape: transform(shape), name: name, estimate: estimate, weightsBytes: weightsBytes,
      expectedError: expectedError, refusal: refusal)
  }

  /// Refuses a forced schedule that the problem makes impossible.
  static func requirePossible(_ candidates: [TransformCandidate]) throws(Unsupported) {
    if candidates.allSatisfy({ $0.estimate.terms == nil }), let first = candidates.first {
      throw Unsupported(
        "\(first.estimate.schedule.name): \(first.estimate.obstacle ?? "impossible")")
    }
  }

  /// The candidates for who wants to look at them.
  static func described(_ candidates: [TransformCandidate]) -> [PlanCandidate] {
    let chosen = cheapest(candidates)
    return candidates.enumerated().map { index, candidate in
      PlanCandidate(
        variant: candidate.name, schedule: candidate.estimate.schedule.name,
        tiles: candidate.estimate.schedule.tiles, cost: candidate.estimate.terms,
        weightsBytes: candidate.weightsBytes, expectedError: candidate.expectedError,
        refusal: candidate.estimate.obstacle ?? candidate.refusal, isChosen: index == chosen)
    }
  }
}

extension PlanOptions {
  /// Whether the tile may be taken: none is forced, or that one is, with a schedule or without.
  func allows(tile: String) -> Bool {
    guard let variant else { return true }
    return variant == tile || variant.hasPrefix(tile + "-")
  }

  /// Whether the variant names a schedule, as `f4-staged` does.
  var forcesSchedule: Bool { variant?.contains("-") ?? false }

  /// Whether the schedule may be.
  func allows(_ schedule: TransformSchedule) -> Bool {
    !forcesSchedule || variant!.hasSuffix("-" + schedule.name)
  }

  /// Why a choice with that expected error is refused; nil if it is not, as when it is forced.
  func inaccuracy(_ expectedError: Double) -> String? {
    guard variant == nil, expectedError > maxError else { return nil }
    return "expected error above the limit of \(maxError)"
  }

  /// Refuses a backend whose most accurate tile, `name`, is not accurate enough to be chosen.
  func requireAccuracy(_ expectedError: Double, of name: String) throws(Unsupported) {
    guard inaccuracy(expectedError) != nil else { return }
    throw Unsupported(
      "no tile is as accurate as \(maxError): \(name), the most accurate, may have a relative error "
        + "of \(twoDigits(expectedError))")
  }
}

/// `8.6e-7`, rounded up.
private func twoDigits(_ error: Double) -> String {
  let exponent = Int(log10(error).rounded(.down))
  let mantissa = Int((error * pow(10, Double(1 - exponent))).rounded(.up))
  return "\(mantissa / 10).\(mantissa % 10)e\(exponent)"
}
