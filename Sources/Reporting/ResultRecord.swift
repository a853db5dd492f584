import Convolution
import Measurement
import Networks

/// One row of a result file: a problem on one backend variant, instruction set, layout and number of
/// threads.
///
/// `ResultColumn.all` holds the order, units and exact meanings. What is nil does not apply or was
/// not measured; no number is infinite or NaN in a file.
public struct ResultRecord: Hashable, Sendable {
  /// The version of the columns that this build writes.
  public static let currentSchema = 1

  /// Version of the columns.
  public var schema = currentSchema
  /// What all rows of the run share.
  public var run = RunFacts(runID: "", timestamp: "", commit: "", machine: "")

  /// The layer's network; empty for a problem given by hand.
  public var network = ""
  /// The layer's name within its network, or the problem's own name.
  public var layer = ""
  /// Occurrences of the layer in its network.
  public var multiplicity = 1
  /// The shape in benchdnn's syntax.
  public var problem = ""
  /// `forward`, with `+bias` and `+relu` when these are computed too.
  public var direction = "forward"
  /// Who computed it.
  public var backend = ""
  /// What the backend's plan did in particular.
  public var variant = ""
  /// Instruction set of the kernels.
  public var isa = ""
  /// Layout of the activations as handed to the backend.
  public var layout = ""
  /// Threads asked for.
  public var threads = 1
  /// How it ended.
  public var status = CaseStatus.ok
  /// Why it ended so; when `ok`, empty or on which ground `auto` chose.
  public var reason = ""

  /// Median time of a call, milliseconds.
  public var medianMS: Double?
  /// Lower end of the median's 95 % interval, milliseconds.
  public var ci95LowMS: Double?
  /// Upper end of it.
  public var ci95HighMS: Double?
  /// Fastest sample, milliseconds.
  public var minMS: Double?
  /// Mean, milliseconds.
  public var meanMS: Double?
  /// Sample standard deviation, milliseconds.
  public var stddevMS: Double?
  /// Number of samples.
  public var samples: Int?
  /// Calls in each.
  public var callsPerSample: Int?
  /// Direct-equivalent work of a call, 10⁹ operations.
  public var gflop: Double?
  /// `gflop` over the median.
  public var gflops: Double?
  /// Work really done over the median.
  public var gflopsExecuted: Double?
  /// `gflopsExecuted` over the machine's measured peak.
  public var peakFraction: Double?
  /// What binds it, by the roofline.
  public var bound: Bound?
  /// Planning and weight preparation, milliseconds.
  public var prepareMS: Double?
  /// Bytes of prepared weights.
  public var weightsBytes: Int?
  /// Bytes of scratch memory.
  public var workspaceBytes: Int?
  /// Outputs compared with the reference.
  public var checkedOutputs: Int?
  /// Largest |error|.
  public var maxAbsError: Double?
  /// `‖error‖₂ / ‖reference‖₂`.
  public var relL2Error: Double?
  /// Largest |error| / bound.
  public var errorBoundFraction: Double?
  /// Seed of the data; nil where the file does not say.
  public var seed: UInt64?
  /// The variant that was asked for; nil where the backend chose.
  public var forcedVariant: String?
  /// What a sample finds in the caches; nil where nothing was timed, or the file does not say.
  public var cache: CacheState?
  /// How long its phases took, where these were timed.
  public var phases = PhaseRecord()

  /// Creates a row in which nothing is measured.
  public init() {}
}

extension ResultRecord {
  /// The row of a result.
  public init(_ result: CaseResult, run: RunFacts) {
    self.init()
    let benchmark = result.benchmark
    self.run = run
    network = benchmark.network
    layer = benchmark.layer
    multiplicity = benchmark.multiplicity
    problem = ProblemDescriptor.format(benchmark.problem)
    direction =
      "forward" + (benchmark.options.bias ? "+bias" : "") + (benchmark.options.relu ? "+relu" : "")
    backend = benchmark.backend.name
    variant = result.variant.isEmpty ? benchmark.options.variant ?? "" : result.variant
    isa = benchmark.options.isa.rawValue
    layout = benchmark.options.layout.rawValue
    threads = benchmark.options.threads
    status = result.status
    reason = result.reason
    gflop = benchmark.problem.gflop
    prepareMS = result.prepareSeconds.map { $0 * 1e3 }
    weightsBytes = result.weightsBytes
    workspaceBytes = result.workspaceBytes
    seed = result.seed
    forcedVariant = benchmark.options.variant
    cache = result.cache
    if let times = result.phases, result.status == .ok { phases = PhaseRecord(times) }
    if let check = result.check {
      checkedOutputs = check.checkedOutputs
      maxAbsError = check.maxAbsError
      relL2Error = check.relL2Error
      errorBoundFraction = check.errorBoundFraction
    }
    if result.status == .ok { setTimes(result) }
  }

  private mutating func setTimes(_ result: CaseResult) {
    guard let statistics = result.statistics, statistics.median > 0 else { return }
    medianMS = statistics.median * 1e3
    ci95LowMS = statistics.medianInterval.map { $0.lowerBound * 1e3 }
    ci95HighMS = statistics.medianInterval.map { $0.upperBound * 1e3 }
    minMS = statistics.min * 1e3
    meanMS = statistics.mean * 1e3
    stddevMS = statistics.standardDeviation.map { $0 * 1e3 }
    samples = statistics.count
    callsPerSample = result.callsPerSample
    gflops = result.benchmark.problem.flops / statistics.median / 1e9
    gflopsExecuted = result.executedFLOPs.map { $0 / statistics.median / 1e9 }
    if let executed = result.executedFLOPs, let peak = result.peakFLOPS, peak > 0 {
      peakFraction = executed / statistics.median / peak
    }
    bound = result.bound
  }
}

extension ResultRecord {
  /// `network-layer`, or the problem itself if it has no name.
  public var fullName: String {
    switch (network.isEmpty, layer.isEmpty) {
    case (false, _): "\(network)-\(layer)"
    case (true, false): layer
    case (true, true): problem
    }
  }

  /// `winograd`; `winograd-f4` when that variant was asked for.
  public var backendName: String { backend + (forcedVariant.map { "-" + $0 } ?? "") }

  /// 10⁹ operations a second that the machine can do, as far as the row tells.
  public var peakGFLOPS: Double? {
    guard let gflopsExecuted, let peakFraction, peakFraction > 0 else { return nil }
    return gflopsExecuted / peakFraction
  }

  /// Bytes of prepared weights and scratch memory together.
  public var memoryBytes: Int? {
    guard let weightsBytes, let workspaceBytes else { return nil }
    let (sum, overflow) = weightsBytes.addingReportingOverflow(workspaceBytes)
    return overflow ? nil : sum
  }

  /// The larger half of the median's interval as a fraction of the median.
  public var uncertainty: Double? {
    guard let medianMS, let ci95LowMS, let ci95HighMS, medianMS > 0 else { return nil }
    return max(medianMS - ci95LowMS, ci95HighMS - medianMS) / medianMS
  }
}
