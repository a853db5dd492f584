import Foundation
import Measurement

// The gate and its workers talk in lines of JSON, one object a line: the worker says hello, then
// answers each request with one reply. It ends when its input ends.

/// What a worker is asked to hold: a problem, who computes it and how.
public struct WorkerCase: Codable, Hashable, Sendable {
  /// The problem in benchdnn's syntax.
  public var problem: String
  /// The backend's name.
  public var backend: String
  /// A variant to force; nil lets the backend choose.
  public var variant: String?
  /// Instruction set of the kernels.
  public var isa: String
  /// Layout of the activations.
  public var layout: String
  /// Threads that share one convolution.
  public var threads: Int
  /// Whether a bias is added.
  public var bias: Bool
  /// Whether negative results are replaced by zero.
  public var relu: Bool
  /// Seed of the data.
  public var seed: UInt64

  /// Creates a case.
  public init(
    problem: String, backend: String, variant: String? = nil, isa: String, layout: String = "nchw",
    threads: Int, bias: Bool = false, relu: Bool = false, seed: UInt64 = 1
  ) {
    self.problem = problem
    self.backend = backend
    self.variant = variant
    self.isa = isa
    self.layout = layout
    self.threads = threads
    self.bias = bias
    self.relu = relu
    self.seed = seed
  }
}

/// What the gate asks.
enum WorkerRequest: Codable, Hashable, Sendable {
  /// Allocate, check (with a seed that chooses sampled outputs), call for `warmup` seconds; plan by
  /// FFTW's wisdom if there is some.
  case prepare(
    case: WorkerCase, check: TimedConvolution.CheckExtent, checkSeed: UInt64, warmup: Double,
    wisdom: String?)
  /// Time so many calls.
  case measure(calls: Int)
}

/// What a worker says.
enum WorkerReply: Codable, Hashable, Sendable {
  /// The first line: version of the protocol, whether the optimiser ran, and the commit that the
  /// worker was built from, if known.
  case hello(protocol: Int, isOptimized: Bool, commit: String?)
  /// Prepared: seconds of a call after warm-up, the plan's description, outputs checked, and what FFTW
  /// has learnt.
  case ready(callSeconds: Double, variant: String, checkedOutputs: Int, wisdom: String)
  /// Seconds of all calls of the sample together, and of them the longest that a thread waited for a
  /// core; nil if that is not known.
  case sample(seconds: Double, waited: Double?)
  /// The backend does not take it.
  case declined(reason: String)
  /// A result outside its bound.
  case wrong(reason: String)
  /// It cannot be done: memory, a request that makes no sense here.
  case failed(reason: String)

  /// The version of the protocol spoken here.
  static let currentProtocol = 1
}

/// Lines of JSON.
enum WorkerLine {
  static func encode(_ message: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    // Messages are plain structures of texts and finite numbers, which always encode.
    let data = (try? encoder.encode(message)) ?? Data()
    return Array(data) + [UInt8(ascii: "\n")]
  }

  static func decode<Message: Decodable>(_ line: [UInt8]) -> Message? {
    try? JSONDecoder().decode(Message.self, from: Data(line))
  }

  /// The protocol in a line that may be another version's hello; nil if it is no hello at all.
  static func protocolVersion(_ line: [UInt8]) -> Int? {
    struct AnyHello: Decodable {
      struct Payload: Decodable { var `protocol`: Int }
      var hello: Payload
    }
    let hello: AnyHello? = decode(line)
    return hello?.hello.protocol
  }
}
