import Measurement

/// How a gate is run.
public struct GateSettings: Sendable {
  /// What it takes to fail.
  public var rules = GateRules()
  /// Seconds that the whole gate may take.
  public var timeLimit = 1800.0
  /// Seconds of a sample that the number of calls is chosen for.
  public var sampleSeconds = 0.03
  /// Seconds of calls in a worker before its first sample.
  public var warmup = 0.02
  /// Seconds that a worker may take for an answer before it counts as hanging.
  public var patience = 120.0
  /// Seed of the orders within blocks and rounds.
  public var seed: UInt64 = 1
  /// Whether debug builds may be compared, which means nothing.
  public var allowsDebugBuild = false
  /// Looked at often; true ends the gate.
  public var isCancelled: @Sendable () -> Bool = { false }

  /// Creates the default settings.
  public init() {}
}

/// A row to gate: a case and what people call it.
public struct GateCase: Hashable, Sendable {
  /// The layer's network; empty for a problem given by hand.
  public var network: String
  /// The layer's name, or the problem's.
  public var layer: String
  /// What is run.
  public var worker: WorkerCase

  /// Creates a row.
  public init(network: String, layer: String, worker: WorkerCase) {
    self.network = network
    self.layer = layer
    self.worker = worker
  }

  /// `vgg16-conv3_1/winograd-f4/avx512/nchw/2t`.
  public var label: String {
    let name =
      network.isEmpty ? (layer.isEmpty ? worker.problem : layer) : "\(network)-\(layer)"
    let backend = worker.backend + (worker.variant.map { "-\($0)" } ?? "")
    return "\(name)/\(backend)/\(worker.isa)/\(worker.layout)/\(worker.threads)t"
  }
}

/// How far a gate is.
public struct GateProgress: Hashable, Sendable {
  /// Rows that have no verdict yet.
  public var rowsLeft: Int
  /// All rows.
  public var rows: Int
  /// Blocks measured so far.
  public var blocksDone: Int
  /// Blocks until the next decision about the rows left, at least.
  public var blocksWanted: Int
  /// Rows that seem slower and are being confirmed.
  public var confirming: Int
  /// What was measured last.
  public var label: String
}
