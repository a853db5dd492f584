import Foundation
import Measurement

/// A column of result files: what it is called, what it means and how it is read and written.
public struct ResultColumn: Sendable {
  /// The name in the header.
  public let name: String
  /// The unit; empty for texts and plain numbers.
  public let unit: String
  /// What the values mean.
  public let meaning: String
  /// The value in a row; null when it does not apply.
  public let value: @Sendable (ResultRecord) -> JSONValue
  /// Puts a cell's text into a row; false if it is no value of this column.
  let read: @Sendable (inout ResultRecord, String) -> Bool

  /// The text of the cell; empty when it does not apply.
  public func cell(_ record: ResultRecord) -> String {
    switch value(record) {
    case .string(let text): text
    case .number(let number) where number.isFinite: String(format: "%.10g", number)
    case .integer(let number): String(number)
    case .unsigned(let number): String(number)
    default: ""
    }
  }

  /// The names of all columns, in order.
  public static let names = all.map(\.name)

  /// Every column of the current schema, in order. Columns are only ever appended.
  public static let all: [ResultColumn] = [
    .integer("schema", "", "version of these columns", \.schema),
    .text("run_id", "tells runs apart", \.run.runID),
    .text("timestamp", "start of the run, ISO 8601 in UTC", \.run.timestamp),
    .text(
      "commit", "commit that the executable was built from, -dirty if changed since",
      \.run.commit),
    .text(
      "machine", "fingerprint: CPU model, instruction set, cores, library builds",
      \.run.machine),
    .text("network", "the layer's network; empty for a problem given by hand", \.network),
    .text("layer", "the layer's name within its network", \.layer),
    .integer("multiplicity", "", "occurrences of the layer in its network", \.multiplicity),
    .text("problem", "shape in benchdnn's syntax", \.problem),
    .text("direction", "forward, with +bias and +relu when these are computed too", \.direction),
    .text("backend", "implementation", \.backend),
    .text("variant", "what its plan does in particular: tile, schedule, blocks", \.variant),
    .text("isa", "instruction set of the kernels", \.isa),
    .text("layout", "nchw: plain in and out; native: the layout that the backend names", \.layout),
    .integer(
      "threads", "", "threads that may share one convolution; below 0.1 MFLOP a thread fewer do",
      \.threads),
    .choice("status", "ok, unsupported, wrong or failed", \.status),
    .text("reason", "why it is not ok; of auto, on which ground it chose", \.reason),
    .number("median_ms", "ms", "median time of a call", \.medianMS),
    .number("ci95_low_ms", "ms", "lower end of the median's 95 % interval", \.ci95LowMS),
    .number("ci95_high_ms", "ms", "upper end of it", \.ci95HighMS),
    .number("min_ms", "ms", "fastest sample", \.minMS),
    .number("mean_ms", "ms", "mean of the samples", \.meanMS),
    .number("stddev_ms", "ms", "their standard deviation", \.stddevMS),
    .integer("samples", "", "number of samples", \.samples),
    .integer("calls_per_sample", "", "calls in each", \.callsPerSample),
    .number("gflop", "GFLOP", "work of a call: 2·mb·oc·oh·ow·(ic/g)·kh·kw", \.gflop),
    .number("gflops", "GFLOP/s", "gflop over the median: direct-equivalent", \.gflops),
    .number(
      "gflops_executed", "GFLOP/s", "arithmetic really done over the median",
      \.gflopsExecuted),
    .number(
      "peak_fraction", "1", "gflops_executed over the peak measured in the same process",
      \.peakFraction),
    .choice("bound", "what binds it by the roofline: compute, l2, l3 or dram", \.bound),
    .number("prepare_ms", "ms", "planning and preparing the weights, once", \.prepareMS),
    .integer("weights_bytes", "bytes", "packed or transformed weights", \.weightsBytes),
    .integer("workspace_bytes", "bytes", "scratch memory of all threads", \.workspaceBytes),
    .integer("checked_outputs", "", "outputs compared with the reference", \.checkedOutputs),
    .number("max_abs_error", "", "largest |error|", \.maxAbsError),
    .number("rel_l2_error", "1", "‖error‖₂ / ‖reference‖₂", \.relL2Error),
    .number(
      "error_bound_fraction", "1", "largest |error| / bound; above 1 is wrong",
      \.errorBoundFraction),
    .unsigned("seed", "seed of the data", \.seed),
    .text(
      "forced_variant", "variant that was asked for, f4 of winograd-f4; empty if the backend chose",
      \.forcedVariant),
    .choice(
      "cache", "warm, or cold: each call found its data out of the caches; empty if not timed",
      \.cache),
    .number(
      "reorder_ms", "ms", "with --phases: turning layouts around, mean over the threads",
      \.phases.reorderMS),
    .number(
      "input_transform_ms", "ms", "with --phases: input transform, mean over the threads",
      \.phases.inputMS),
    .number(
      "gemm_ms", "ms", "with --phases: matrix products, mean over the threads", \.phases.gemmMS),
    .number(
      "output_transform_ms", "ms", "with --phases: output transform, mean over the threads",
      \.phases.outputMS),
    .number(
      "waiting_ms", "ms", "with --phases: what is left of the wall time of those calls",
      \.phases.waitingMS),
    .choice(
      "reorder_bound", "what binds turning layouts around by the roofline", \.phases.reorderBound),
    .choice("input_transform_bound", "what binds the input transform", \.phases.inputBound),
    .choice("gemm_bound", "what binds the matrix products", \.phases.gemmBound),
    .choice("output_transform_bound", "what binds the output transform", \.phases.outputBound),
  ]
}

/// A writable property of a row.
private typealias Property<Value> = WritableKeyPath<ResultRecord, Value> & Sendable

extension ResultColumn {
  private static func text(
    _ name: String, _ meaning: String, _ property: Property<String>
  ) -> ResultColumn {
    ResultColumn(
      name: name, unit: "", meaning: meaning, value: { .string($0[keyPath: property]) },
      read: { record, text in
        record[keyPath: property] = text
        return true
      })
  }

  private static func integer(
    _ name: String, _ unit: String, _ meaning: String, _ property: Property<Int>
  ) -> ResultColumn {
    ResultColumn(
      name: name, unit: unit, meaning: meaning, value: { .integer($0[keyPath: property]) },
      read: { record, text in
        guard let value = Int(text) else { return false }
        record[keyPath: property] = value
        return true
      })
  }

  private static func integer(
    _ name: String, _ unit: String, _ meaning: String, _ property: Property<Int?>
  ) -> ResultColumn {
    optional(name, unit, meaning, property, JSONValue.integer) { Int($0) }
  }

  private static func text(
    _ name: String, _ meaning: String, _ property: Property<String?>
  ) -> ResultColumn {
    optional(name, "", meaning, property, JSONValue.string) { $0.isEmpty ? nil : $0 }
  }

  private static func unsigned(
    _ name: String, _ meaning: String, _ property: Property<UInt64?>
  ) -> ResultColumn {
    optional(name, "", meaning, property, JSONValue.unsigned) { UInt64($0) }
  }

  private static func number(
    _ name: String, _ unit: String, _ meaning: String, _ property: Property<Double?>
  ) -> ResultColumn {
    optional(name, unit, meaning, property) {
      $0.isFinite ? .number($0) : .null
    } parse: {
      Double($0).flatMap { $0.isFinite ? $0 : nil }
    }
  }

  private static func choice(
    _ name: String, _ meaning: String, _ property: Property<CaseStatus>
  ) -> ResultColumn {
    ResultColumn(
      name: name, unit: "", meaning: meaning, value: { .string($0[keyPath: property].rawValue) },
      read: { record, text in
        guard let value = CaseStatus(rawValue: text) else { return false }
        record[keyPath: property] = value
        return true
      })
  }

  private static func choice(
    _ name: String, _ meaning: String, _ property: Property<Bound?>
  ) -> ResultColumn {
    optional(name, "", meaning, property) {
      .string($0.rawValue)
    } parse: {
      Bound(rawValue: $0)
    }
  }

  private static func choice(
    _ name: String, _ meaning: String, _ property: Property<CacheState?>
  ) -> ResultColumn {
    optional(name, "", meaning, property) {
      .string($0.rawValue)
    } parse: {
      CacheState(rawValue: $0)
    }
  }

  private static func optional<Value>(
    _ name: String, _ unit: String, _ meaning: String, _ property: Property<Value?>,
    _ json: @escaping @Sendable (Value) -> JSONValue,
    parse: @escaping @Sendable (String) -> Value?
  ) -> ResultColumn {
    ResultColumn(
      name: name, unit: unit, meaning: meaning,
      value: { $0[keyPath: property].map(json) ?? .null },
      read: { record, text in
        let value = parse(text)
        guard text.isEmpty || value != nil else { return false }
        record[keyPath: property] = value
        return true
      })
  }
}
