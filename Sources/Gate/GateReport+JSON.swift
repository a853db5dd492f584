import Measurement
import Reporting

extension GateReport {
  /// The whole report; seconds and fractions throughout.
  ///
  /// - Parameters:
  ///   - machine: the machine's fingerprint.
  ///   - exitCode: how the command ends.
  public func json(machine: String, exitCode: Int) -> JSONValue {
    .object([
      .init("schema", .integer(1)), .init("exit", .string(exit.rawValue)),
      .init("exit_code", .integer(exitCode)), .init("error", Self.text(error)),
      .init("machine", .string(machine)), .init("base", .string(base)),
      .init("base_commit", Self.text(baseCommit)),
      .init("candidate_commit", Self.text(candidateCommit)),
      .init("seconds", .number(seconds)), .init("seed", .unsigned(seed)),
      .init("rules", rules.json), .init("rows", .array(rows.map(\.json))),
    ])
  }

  fileprivate static func text(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
}

extension GateRules {
  fileprivate var json: JSONValue {
    .object([
      .init("noise_threshold", .number(noiseThreshold)),
      .init("family_alpha", .number(familyAlpha)),
      .init("pass_look", .integer(passLook)),
      .init("looks", .array(looks.map(JSONValue.integer))), .init("pass_alpha", .number(passAlpha)),
      .init("confirmation_blocks", .array(confirmations.map { .integer($0.blocks) })),
      .init("confirmation_alpha", .array(confirmations.map { .number($0.alpha) })),
      .init("least_slowdown_s", .number(leastSlowdown)),
      .init("largest_spread", .number(largestSpread)),
      .init("largest_wait", .number(largestWait)),
    ])
  }
}

extension GateEffect {
  fileprivate var json: JSONValue {
    .object([
      .init("blocks", .integer(blocks)), .init("ratio", .number(ratio)),
      .init("ci95_low", low.map(JSONValue.number) ?? .null),
      .init("ci95_high", high.map(JSONValue.number) ?? .null),
      .init("base_s", .number(baseSeconds)), .init("candidate_s", .number(candidateSeconds)),
      .init("spread", .number(spread)),
    ])
  }
}

extension GateRowReport {
  fileprivate var json: JSONValue {
    let worker = gateCase.worker
    return .object(
      [
        .init("network", .string(gateCase.network)), .init("layer", .string(gateCase.layer)),
        .init("problem", .string(worker.problem)), .init("backend", .string(worker.backend)),
        .init("base_variant", .string(baseVariant)),
        .init("candidate_variant", .string(candidateVariant)), .init("isa", .string(worker.isa)),
        .init("layout", .string(worker.layout)), .init("threads", .integer(worker.threads)),
      ] + resultMembers + [
        .init("calls_per_sample", .integer(callsPerSample)),
        .init("blocks", .array(blocks.map(Self.json))),
        .init("confirmation", .array(confirmation.map(Self.json))),
      ])
  }

  private var resultMembers: [JSONValue.Member] {
    [
      .init("verdict", .string(verdictText)),
      .init("measured", .bool(outcome?.isMeasured ?? false)),
      .init("reason", .string(reason)),
      .init("effect", outcome?.effect?.json ?? .null),
    ]
  }

  private static func json(_ block: GateBlock) -> JSONValue {
    func seconds(_ samples: [Double]) -> JSONValue { .array(samples.map(JSONValue.number)) }
    return .object([
      .init("base", seconds(block.base)), .init("candidate", seconds(block.candidate)),
      .init("second_base", seconds(block.secondBase)),
      .init("waited", .number(block.waited)),
    ])
  }
}

extension GateRowReport {
  /// The outcome; nil if there was nothing to compare.
  public var outcome: GateOutcome? {
    if case .compared(let outcome) = result { outcome } else { nil }
  }

  /// `regression`, `improvement`, `same`, `inconclusive`; `skipped` or `wrong` without comparison.
  public var verdictText: String {
    switch result {
    case .compared(let outcome): outcome.verdict.rawValue
    case .skipped: "skipped"
    case .wrong: "wrong"
    }
  }

  /// What the result rests on besides its figures; may be empty.
  public var reason: String {
    switch result {
    case .compared(let outcome): outcome.reason
    case .skipped(let reason), .wrong(let reason): reason
    }
  }
}
