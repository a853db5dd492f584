import Convolution

/// One thing to measure: a problem, a backend and how to run it.
public struct BenchmarkCase: Sendable {
  /// The network of the layer; empty for a problem given by hand.
  public let network: String
  /// The layer's name within its network, or the problem's own name.
  public let layer: String
  /// How often the layer stands in its network.
  public let multiplicity: Int
  /// The problem.
  public let problem: ConvolutionProblem
  /// Who computes it.
  public let backend: any ConvolutionBackend
  /// Instruction set, threads, layout, variant, bias and ReLU.
  public let options: PlanOptions

  /// Creates a case.
  public init(
    network: String, layer: String, multiplicity: Int = 1, problem: ConvolutionProblem,
    backend: any ConvolutionBackend, options: PlanOptions
  ) {
    self.network = network
    self.layer = layer
    self.multiplicity = multiplicity
    self.problem = problem
    self.backend = backend
    self.options = options
  }
}

/// How a case ended.
public enum CaseStatus: String, Sendable {
  /// Checked (unless told not to) and timed.
  case ok
  /// The backend declined; the reason says why.
  case unsupported
  /// A result outside its bound; no time is reported.
  case wrong
  /// Could not be run to its end: memory, time-out.
  case failed
}

/// What the check of one plan found.
public struct CheckOutcome: Sendable {
  /// Outputs compared with the reference.
  public var checkedOutputs: Int
  /// Largest |error|.
  public var maxAbsError: Double
  /// `‖error‖₂ / ‖reference‖₂` over the checked outputs.
  public var relL2Error: Double
  /// Largest |error| / bound; above 1 is wrong.
  public var errorBoundFraction: Double
  /// What is wrong, with the position and both values; nil when nothing is.
  public var failure: String?

  /// Creates an outcome.
  public init(
    checkedOutputs: Int, maxAbsError: Double, relL2Error: Double, errorBoundFraction: Double,
    failure: String? = nil
  ) {
    self.checkedOutputs = checkedOutputs
    self.maxAbsError = maxAbsError
    self.relL2Error = relL2Error
    self.errorBoundFraction = errorBoundFraction
    self.failure = failure
  }
}

/// What binds a case, by the roofline.
public enum Bound: String, Sendable, CaseIterable {
  /// Multiply-adds.
  case compute
  /// Bandwidth of the second-level cache.
  case l2
  /// Bandwidth of the last-level cache.
  case l3
  /// Bandwidth of memory.
  case dram
}

/// What a timed call finds in the caches.
public enum CacheState: String, Sendable {
  /// What the calls before it left there.
  case warm
  /// None of its data: they were emptied, and each call has data of its own.
  case cold
}

/// Everything measured about one case; what is nil was not measured.
public struct CaseResult: Sendable {
  /// The case.
  public var benchmark: BenchmarkCase
  /// How it ended.
  public var status: CaseStatus
  /// Why it ended so; when `ok`, the plan's note, which is mostly empty.
  public var reason: String
  /// The plan's own description of what it does.
  public var variant: String
  /// Seconds a call, one value a sample, in the order in which they were taken.
  public var samples: [Double]
  /// Calls in each sample.
  public var callsPerSample: Int
  /// What each timed call found in the caches; nil when nothing was timed.
  public var cache: CacheState?
  /// Seconds that making the plan and preparing the weights took.
  public var prepareSeconds: Double?
  /// Bytes of packed or transformed weights.
  public var weightsBytes: Int?
  /// Bytes of scratch memory.
  public var workspaceBytes: Int?
  /// Floating-point operations really done by one call.
  public var executedFLOPs: Double?
  /// FLOP/s of the peak kernel for the case's ISA and threads, measured in this process.
  public var peakFLOPS: Double?
  /// What binds the case.
  public var bound: Bound?
  /// How long the phases took, in calls of their own; nil when not asked for, or without phases.
  public var phases: PhaseTimes?
  /// The check's findings; nil when not checked.
  public var check: CheckOutcome?
  /// Seed of the data.
  public var seed: UInt64

  /// Creates a result without any measurement.
  public init(_ benchmark: BenchmarkCase, status: CaseStatus, reason: String = "", seed: UInt64) {
    self.benchmark = benchmark
    self.status = status
    self.reason = reason
    self.seed = seed
    variant = ""
    samples = []
    callsPerSample = 0
  }
}
