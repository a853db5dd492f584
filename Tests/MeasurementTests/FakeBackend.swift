import Convolution

/// A correct backend, except for what `spoil` does to its results.
struct FakeBackend: ConvolutionBackend {
  var name = "fake"
  let summary = ""
  let variants: [String] = []
  /// Layout of source and destination when asked for the native one.
  var native = TensorLayout.nchw
  var bound: any ErrorBound = SummationBound()
  var refusal: Unsupported?
  var planError: PlanError?
  /// Floats that a plan asks the system for.
  var plannedFloats = 0
  /// Runs before each `execute`.
  var beforeExecute: @Sendable () -> Void = {}
  /// Changes what `execute` wrote.
  var spoil: @Sendable (FakePlan.Result) -> Void = { _ in }

  func validate(_ problem: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {
    if let refusal { throw refusal }
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    if let planError { throw planError }
    do {
      return FakePlan(self, problem, options, memory: try AlignedBuffer(count: plannedFloats))
    } catch {
      throw .memory(error)
    }
  }
}

final class FakePlan: ConvolutionPlan {
  /// What a plan may spoil: the destination that it just wrote, its weights and its layout.
  struct Result {
    let dst: UnsafeMutablePointer<Float>
    let description: TensorDescription
    /// Whether the source is of integers.
    let isExact: Bool
    /// The plan that wrote it.
    let plan: ObjectIdentifier

    /// The element at a position.
    func at(_ n: Int, _ k: Int, _ p: Int, _ q: Int) -> UnsafeMutablePointer<Float> {
      dst + description.offset(n: n, c: k, y: p, x: q)
    }
  }

  let variant = "fake variant"
  let src: TensorDescription
  let dst: TensorDescription
  let weightsBytes = 40
  let workspaceBytes = 50
  let executedFLOPs = 1e3
  let errorBound: any ErrorBound
  private let memory: AlignedBuffer
  private let backend: FakeBackend
  private let problem: ConvolutionProblem
  private let options: PlanOptions
  private var weights: [Float] = []
  private var bias: [Float]?

  init(
    _ backend: FakeBackend, _ problem: ConvolutionProblem, _ options: PlanOptions,
    memory: AlignedBuffer
  ) {
    self.memory = memory
    self.backend = backend
    self.problem = problem
    self.options = options
    let layout = options.layout == .native ? backend.native : .nchw
    src = problem.srcDescription(layout)
    dst = problem.dstDescription(layout)
    errorBound = backend.bound
  }

  func prepare(wei: UnsafePointer<Float>, bias: UnsafePointer<Float>?) {
    weights = Array(UnsafeBufferPointer(start: wei, count: problem.weiCount))
    self.bias = bias.map { Array(UnsafeBufferPointer(start: $0, count: problem.oc)) }
  }

  func execute(src stored: UnsafePointer<Float>, dst result: UnsafeMutablePointer<Float>) {
    backend.beforeExecute()
    var plain: [Float] = []
    for n in 0..<problem.mb {
      for c in 0..<problem.ic {
        for y in 0..<problem.ih {
          for x in 0..<problem.iw { plain.append(stored[src.offset(n: n, c: c, y: y, x: x)]) }
        }
      }
    }
    for i in 0..<dst.count { result[i] = 0 }
    let positions = ReferenceConvolution.allPositions(problem)
    let outputs = plain.withUnsafeBufferPointer { src in
      weights.withUnsafeBufferPointer { wei in
        (bias ?? []).withUnsafeBufferPointer { bias in
          ReferenceConvolution.evaluate(
            ConvolutionOperands(
              problem: problem, src: src.baseAddress!, wei: wei.baseAddress!,
              bias: options.bias ? bias.baseAddress : nil, relu: options.relu),
            at: positions, threads: 1)
        }
      }
    }
    for (at, output) in zip(positions, outputs) {
      result[dst.offset(n: at.n, c: at.k, y: at.p, x: at.q)] = Float(output.value)
    }
    let isExact = weights.allSatisfy { $0 == $0.rounded() }
    backend.spoil(
      Result(dst: result, description: dst, isExact: isExact, plan: ObjectIdentifier(self)))
  }
}
