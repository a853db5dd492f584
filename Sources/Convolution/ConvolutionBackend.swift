/// The instruction sets that kernels are compiled for, best first.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// x86-64-v4: 512-bit vectors, 32 registers.
  case avx512
  /// x86-64-v3: 256-bit vectors, fused multiply-add.
  case avx2
  /// Whatever the baseline of the architecture has.
  case generic
}

/// In which layout the activations are handed to a plan.
public enum LayoutRequest: String, CaseIterable, Sendable {
  /// Plain NCHW in and out; any reordering is inside the measured time.
  case nchw
  /// The layout that the backend names, as between the layers of a network.
  case native
}

/// Everything that a plan depends on besides the problem.
public struct PlanOptions: Hashable, Sendable {
  /// Kernels to use; the CPU must have them.
  public var isa: InstructionSet
  /// Threads that share one convolution, ≥ 1.
  public var threads: Int
  /// Operations that are worth a thread: a plan takes no more threads than its problem has portions of
  /// this size. 0, the default, takes all threads.
  public var flopsPerThread: Double
  /// Layout of `src` and `dst`.
  public var layout: LayoutRequest
  /// A variant to force (a tile size, a schedule); nil lets the backend choose.
  public var variant: String?
  /// Whether `bias` is added.
  public var bias: Bool
  /// Whether negative results are replaced by zero, after the bias.
  public var relu: Bool
  /// The largest `‖error‖₂ / ‖reference‖₂` to expect of what a backend chooses by itself; a forced
  /// variant is taken whatever its error.
  public var maxError: Double
  /// How FFTW plans transforms, in backends that use it.
  public var rigor: PlanningRigor

  /// The limit unless another is given. Float32 sums stay below it up to some 170,000 terms, Winograd's
  /// F(6×6,3×3) up to some 500 channels.
  public static let defaultMaxError = 1e-5

  /// What whoever measures passes for `flopsPerThread`.
  ///
  /// Handing work to another thread takes some 0.6 µs, in which a core with AVX-512 does 160,000 operations
  /// at best and rather 50,000 on so small a layer. Of the layers of all networks those below 0.1 MFLOP lost
  /// by a second thread but for one case, and none above 0.2 did (`direct`, `im2col`, `gemm-1x1`, `implicit-gemm`).
  public static let worthAThread = 1e5

  /// These options with as many threads as the work of `problem` is worth.
  public func limited(to problem: ConvolutionProblem) -> PlanOptions {
    guard flopsPerThread > 0 else { return self }
    var limited = self
    limited.threads = Int(max(1, min(Double(threads), problem.flops / flopsPerThread)))
    limited.flopsPerThread = 0
    return limited
  }

  /// Creates options.
  public init(
    isa: InstructionSet, threads: Int, layout: LayoutRequest = .nchw, variant: String? = nil,
    bias: Bool = false, relu: Bool = false, maxError: Double = defaultMaxError,
    rigor: PlanningRigor = .measure, flopsPerThread: Double = 0
  ) {
    self.isa = isa
    self.threads = threads
    self.layout = layout
    self.variant = variant
    self.bias = bias
    self.relu = relu
    self.maxError = maxError
    self.rigor = rigor
    self.flopsPerThread = flopsPerThread
  }
}

/// Why a backend does not take a problem.
public struct Unsupported: Error, Hashable, Sendable, CustomStringConvertible {
  /// One line: what the problem has and what the backend needs.
  public let reason: String

  /// Creates a refusal.
  public init(_ reason: String) { self.reason = reason }

  /// The reason.
  public var description: String { reason }
}

/// Why no plan could be made.
public enum PlanError: Error, Sendable, CustomStringConvertible {
  /// The backend does not take this problem or these options.
  case unsupported(Unsupported)
  /// The system has not enough memory for the plan.
  case memory(AllocationError)

  /// One line.
  public var description: String {
    switch self {
    case .unsupported(let error): error.description
    case .memory(let error): error.description
    }
  }
}

/// A convolution implementation; declines a problem by saying why.
public protocol ConvolutionBackend: Sendable {
  /// The name on the command line and in reports.
  var name: String { get }
  /// One line for `list backends`.
  var summary: String { get }
  /// Variants that can be forced (`f4`, `t16`, …); empty when there is only one.
  var variants: [String] { get }
  /// Schedules that can be forced on top of a variant (`f4-staged`); empty when there is no choice.
  var schedules: [String] { get }
  /// Everything that can be forced: variants, and variants with a schedule.
  var forcible: [String] { get }

  /// Returns if the backend takes the problem with these options; costs next to nothing.
  func validate(_ problem: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported)

  /// Allocates weights and workspace and plans the work; nothing of it is timed as execution.
  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan
}

extension ConvolutionBackend {
  /// No choice.
  public var schedules: [String] { [] }

  /// Every variant, and every variant with every schedule.
  public var forcible: [String] {
    variants + variants.flatMap { variant in schedules.map { "\(variant)-\($0)" } }
  }
}

/// Prepared weights and workspace for one problem.
///
/// One plan runs one convolution at a time, on `options.threads` threads.
public protocol ConvolutionPlan: AnyObject {
  /// What the plan does in particular: tile size, schedule, block sizes. Empty when nothing varies.
  var variant: String { get }
  /// What the user should know of how the plan came about; empty, unless it was a choice.
  var note: String { get }
  /// The source that `execute` reads.
  var src: TensorDescription { get }
  /// The destination that `execute` writes, every stored element of it.
  var dst: TensorDescription { get }
  /// Bytes of packed or transformed weights.
  var weightsBytes: Int { get }
  /// Bytes of scratch memory, all threads together.
  var workspaceBytes: Int { get }
  /// Floating-point operations really done by one `execute`, wasted lanes and transforms counted.
  var executedFLOPs: Double { get }
  /// The bound that results must keep.
  var errorBound: any ErrorBound { get }
  /// The plan whose phases can be timed apart, mostly itself; nil for a plan without phases.
  var phased: (any PhasedPlan)? { get }

  /// Packs or transforms `wei` (`oc × ic/g × kh × kw`, plain) and `bias` (`oc`, present exactly when
  /// the options say so) into the plan. May be called again with other weights.
  func prepare(wei: UnsafePointer<Float>, bias: UnsafePointer<Float>?)

  /// Computes `dst` from `src`; allocates nothing.
  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>)
}

extension ConvolutionPlan {
  /// Nothing to tell.
  public var note: String { "" }
  /// Itself, if it has phases.
  public var phased: (any PhasedPlan)? { self as? any PhasedPlan }
}
