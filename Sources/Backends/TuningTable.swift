import Convolution

/// What was measured on this machine, as `AutoBackend` reads it: for each problem, how fast and how
/// accurate which backend was.
public struct TuningTable: Sendable {
  /// What a measurement holds for. A bias and ReLU are fused into every backend's last step and
  /// change no ranking, so they are no part of it.
  public struct Key: Hashable, Sendable {
    /// The problem.
    public let problem: ConvolutionProblem
    /// Instruction set of the kernels.
    public let isa: InstructionSet
    /// Layout of the activations.
    public let layout: LayoutRequest
    /// Threads that share one convolution.
    public let threads: Int

    /// Creates a key.
    public init(
      problem: ConvolutionProblem, isa: InstructionSet, layout: LayoutRequest, threads: Int
    ) {
      self.problem = problem
      self.isa = isa
      self.layout = layout
      self.threads = threads
    }

    /// The key under which a problem with these options stands.
    public init(_ problem: ConvolutionProblem, _ options: PlanOptions) {
      self.init(
        problem: problem, isa: options.isa, layout: options.layout, threads: options.threads)
    }
  }

  /// A backend, or one of its variants, as measured.
  public struct Candidate: Hashable, Sendable {
    /// `direct`, `winograd-f4`.
    public let name: String
    /// Median time of a call, seconds.
    public let seconds: Double
    /// `‖error‖₂ / ‖reference‖₂`.
    public let relL2Error: Double

    /// Creates a candidate.
    public init(name: String, seconds: Double, relL2Error: Double) {
      self.name = name
      self.seconds = seconds
      self.relL2Error = relL2Error
    }
  }

  private let rankings: [Key: [Candidate]]
  private let source: String
  private let emptiness: String

  /// Creates a table.
  ///
  /// - Parameters:
  ///   - source: what messages call the place it came from.
  ///   - emptiness: why there are no rankings at all, when there are none.
  public init(_ rankings: [Key: [Candidate]], source: String, emptiness: String) {
    self.rankings = rankings
    self.source = source
    self.emptiness = emptiness
  }

  /// A table that knows nothing.
  public static let empty = TuningTable([:], source: "", emptiness: "no tuning file is used")

  /// The candidates measured under `key`, in any order; nil if nothing was.
  public func ranking(_ key: Key) -> [Candidate]? { rankings[key] }

  /// Why there is no ranking under `key`.
  func absence(_ key: Key) -> String {
    guard !rankings.isEmpty else { return emptiness }
    guard rankings[key] == nil else {
      return "no entry for this problem that still runs in \(source)"
    }
    let isKnown = rankings.keys.contains { $0.problem == key.problem }
    return isKnown
      ? "no entry for this problem with \(key.threads) thread\(key.threads == 1 ? "" : "s"), "
        + "\(key.isa.rawValue) and \(key.layout.rawValue) in \(source)"
      : "no entry for this problem in \(source)"
  }
}
