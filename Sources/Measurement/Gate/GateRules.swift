import Glibc

/// What it takes to call a row slower, and how many blocks may be spent on it.
public struct GateRules: Codable, Hashable, Sendable {
  /// The slow-down that is let through, as a fraction of the base's time: δ.
  public var noiseThreshold = 0.05
  /// Probability of accusing any row of a run wrongly, before confirmation.
  public var familyAlpha = 0.01
  /// Blocks after which a row that is plainly the same needs no more: at this look nothing else is
  /// decided.
  public var passLook = 8
  /// Numbers of blocks at which a row is judged, ascending; `familyAlpha` is split evenly.
  public var looks = [12, 20, 40, 80]
  /// p-value at which a row counts as not slower.
  public var passAlpha = 0.05
  /// The looks at the fresh blocks that must confirm a failure; their p-values add up to 0.01.
  public var confirmations = [
    GateConfirmation(blocks: 10, alpha: 0.001), GateConfirmation(blocks: 40, alpha: 0.009),
  ]
  /// Seconds a call by which a row must be slower to fail.
  public var leastSlowdown = 20e-6
  /// Spread of `D` above which the machine cannot tell.
  public var largestSpread = 0.15
  /// Share of the time that threads may wait for a core before the machine counts as busy.
  public var largestWait = 0.2

  /// Creates the default rules.
  public init() {}

  /// `ln(1 + δ)`: what `D` is compared with.
  public var limit: Double { log1p(noiseThreshold) }

  /// All numbers of blocks after which something may be decided.
  var allLooks: [Int] { [passLook] + looks }

  /// The share of `familyAlpha` of one look.
  var lookAlpha: Double { familyAlpha / Double(looks.count) }

  /// Whether the machine told equal things apart, or was too noisy to tell any.
  ///
  /// Two bases that differ (their interval is on one side of zero) by what may be more than δ/2 are
  /// a bias that would fall on the candidate as well. An interval that is merely wide is not: the sign
  /// test knows about noise, and more blocks narrow it.
  func fitness(_ blocks: [GateBlock]) -> GateFitness {
    guard let noise = MedianEstimate(blocks.map(\.logRatio)),
      let equal = MedianEstimate(blocks.map(\.baseLogRatio)), let interval = equal.interval
    else { return .unclear("too few blocks") }
    if let waited = MedianEstimate(blocks.map(\.waited))?.median, waited > largestWait {
      return .unfit(
        "threads waited for a core \(Percent.plain(waited)) of the time, more than "
          + "\(Percent.plain(largestWait)): stop other programs or use fewer threads")
    }
    if noise.spread > largestSpread {
      return .unfit(
        "blocks differ by \(Percent.plain(noise.spread)), more than \(Percent.plain(largestSpread)): "
          + "stop other programs")
    }
    let allowed = noiseThreshold / 2
    let found = expm1(interval.lowerBound)...expm1(interval.upperBound)
    let text =
      "the base differs from itself by \(Percent.interval(found)), "
      + "more than ±\(Percent.plain(allowed)) cannot be told from a slow-down"
    if found.lowerBound > allowed || found.upperBound < -allowed { return .unfit(text) }
    let isBiased = !found.contains(0)
    let mayLeave = found.lowerBound < -allowed || found.upperBound > allowed
    return isBiased && mayLeave ? .unclear(text) : .fit
  }
}

/// A look at fresh blocks.
public struct GateConfirmation: Codable, Hashable, Sendable {
  /// Fresh blocks so far.
  public var blocks: Int
  /// p-value at which they confirm a failure.
  public var alpha: Double
}

/// Whether the machine can tell a slow-down of δ at all.
enum GateFitness: Hashable, Sendable {
  /// It can.
  case fit
  /// Not yet; with more blocks it may. Says why.
  case unclear(String)
  /// It cannot. Says why.
  case unfit(String)

  /// Why it cannot tell; nil when it can.
  var reason: String? {
    switch self {
    case .fit: nil
    case .unclear(let reason), .unfit(let reason): reason
    }
  }
}
