import Measurement

/// A whole run as one JSON document: how it was made, on what, and every raw sample.
///
/// ```
/// { "schema": 1,
///   "run": { "run_id", "timestamp", "commit", "machine", "settings": {…} },
///   "environment": {…},
///   "warnings": ["…"],
///   "results": [ { every column of the CSV by name, "peak_gflops", "samples_s": [seconds a call] } ],
///   "totals": [ { "network", "conditions", "backend", "variant", "total_ms", "gflops", … } ] }
/// ```
///
/// What does not apply is `null`; there is never a NaN.
public enum JSONExporter {
  /// A row with the samples that it was made from.
  public struct Result: Sendable {
    /// The row.
    public let record: ResultRecord
    /// Seconds a call, in the order in which they were taken.
    public let samples: [Double]

    /// Creates a result.
    public init(record: ResultRecord, samples: [Double]) {
      self.record = record
      self.samples = samples
    }
  }

  /// The document, with a line break at its end.
  ///
  /// - Parameters:
  ///   - settings: what was asked for, by name.
  ///   - environment: the machine, the process and its libraries.
  public static func document(
    _ results: [Result], run: RunFacts, settings: JSONValue, environment: JSONValue,
    warnings: [String]
  ) -> String {
    let document = JSONValue.object([
      .init("schema", .integer(ResultRecord.currentSchema)),
      .init(
        "run",
        .object([
          .init("run_id", .string(run.runID)), .init("timestamp", .string(run.timestamp)),
          .init("commit", run.commit.isEmpty ? .null : .string(run.commit)),
          .init("machine", .string(run.machine)), .init("settings", settings),
        ])),
      .init("environment", environment),
      .init("warnings", .array(warnings.map(JSONValue.string))),
      .init("results", .array(results.map(value))),
      .init("totals", .array(NetworkTotal.totals(results.map(\.record)).map(value))),
    ])
    return document.description + "\n"
  }

  private static func value(_ result: Result) -> JSONValue {
    var members = ResultColumn.all.map { JSONValue.Member($0.name, $0.value(result.record)) }
    members.append(.init("peak_gflops", result.record.peakGFLOPS.map(JSONValue.number) ?? .null))
    members.append(.init("samples_s", .array(result.samples.map(JSONValue.number))))
    return .object(members)
  }

  private static func value(_ total: NetworkTotal) -> JSONValue {
    .object([
      .init("network", .string(total.network)), .init("conditions", .string(total.conditions)),
      .init("backend", .string(total.backend)), .init("variant", .string(total.variant)),
      .init("total_ms", .number(total.totalMS)), .init("gflops", .number(total.gflops)),
      .init("layers", .integer(total.layers)), .init("layers_of_all", .integer(total.layersOfAll)),
    ])
  }
}
