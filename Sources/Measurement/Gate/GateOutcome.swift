import Glibc

/// What the gate says of a row.
public enum GateVerdict: String, Codable, Sendable, CaseIterable {
  /// Slower by more than the threshold, and confirmed.
  case regression
  /// Faster by more than the threshold.
  case improvement
  /// Not slower by more than the threshold.
  case same
  /// Neither could be shown.
  case inconclusive
}

/// By how much the candidate differs, from the blocks that decided.
public struct GateEffect: Codable, Hashable, Sendable {
  /// Number of blocks.
  public var blocks: Int
  /// `exp(median D) − 1`: 0.1 is ten percent more time.
  public var ratio: Double
  /// Lower end of its 95 % interval; nil below 6 blocks.
  public var low: Double?
  /// Upper end of it.
  public var high: Double?
  /// Seconds a call of the base, median of the blocks.
  public var baseSeconds: Double
  /// Seconds a call of the candidate, median of the blocks.
  public var candidateSeconds: Double
  /// `1.4826·MAD` of `D`.
  public var spread: Double

  /// Describes `blocks`; nil when there are none.
  public init?(_ blocks: [GateBlock]) {
    func seconds(_ arm: (GateBlock) -> [Double]) -> Double? {
      MedianEstimate(blocks.map { arm($0).reduce(0, +) / Double(arm($0).count) })?.median
    }
    guard let estimate = MedianEstimate(blocks.map(\.logRatio)),
      let base = seconds(\.base), let candidate = seconds(\.candidate)
    else { return nil }
    self.blocks = estimate.count
    ratio = expm1(estimate.median)
    low = estimate.interval.map { expm1($0.lowerBound) }
    high = estimate.interval.map { expm1($0.upperBound) }
    baseSeconds = base
    candidateSeconds = candidate
    spread = estimate.spread
  }

  /// Seconds a call by which the candidate is slower: the effect on the base's time.
  public var slowdown: Double { ratio * baseSeconds }
}

/// How a row of the gate ended.
public struct GateOutcome: Hashable, Sendable {
  /// The verdict.
  public var verdict: GateVerdict
  /// Whether the verdict rests on a measurement that can be trusted; a row without is no pass.
  public var isMeasured: Bool
  /// What the verdict rests on, a line without the figures of `effect`; may be empty.
  public var reason: String
  /// The figures; nil when no block was measured.
  public var effect: GateEffect?
}
