import COneDNN
import Convolution

/// oneDNN, a peer in the same process: timed in the same rounds as our own backends.
///
/// Algorithm: oneDNN's own choice (`convolution_auto`) unless a variant forces its direct or its
/// Winograd convolution. The plan's variant says which implementation that was, and on which layout.
///
/// Schedule: oneDNN's, with weights packed outside the timed region; `OneDNNConvolution` says who
/// chooses the layout of source and destination.
///
/// One process runs one of oneDNN's instruction sets; cases that ask for another are declined.
struct OneDNNBackend: ConvolutionBackend {
  let name = "onednn"
  let variants = algorithms.keys.sorted()

  /// What each variant asks oneDNN for; without one, it chooses the algorithm too.
  static let algorithms = ["direct": onednn_direct, "winograd": onednn_winograd]

  /// Says whether the library is there.
  var summary: String {
    OneDNN.obstacle
      ?? "a peer: oneDNN \(OneDNN.version!), its own choice, or its direct or Winograd convolution"
  }

  func validate(_ p: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {
    if let obstacle = OneDNN.obstacle { throw Unsupported(obstacle) }
    guard [p.ic, p.ih, p.iw, p.oc, p.mb, p.reduction].allSatisfy({ $0 <= Int32.max }) else {
      throw Unsupported("a size of 2^31 or more, which oneDNN's kernels cannot count")
    }
    if let variant = options.variant, !variants.contains(variant) {
      throw Unsupported("no variant \(variant), has \(variants.joined(separator: ", "))")
    }
    let isa = InstructionSet.ofOneDNN(ifUndecided: options.isa)
    guard isa == options.isa else {
      throw Unsupported(
        "oneDNN runs on \(isa.rawValue) in this process; run \(options.isa.rawValue) in one of its own"
      )
    }
    guard options.threads <= onednn_thread_limit() else {
      throw Unsupported(
        "\(options.threads) threads, oneDNN may use \(onednn_thread_limit()) here; see OMP_THREAD_LIMIT"
      )
    }
    // Choosing compiles nothing; memory that is short now is told when the plan is made.
    do { _ = try OneDNNConvolution.choose(p, options) } catch {
      if case .unsupported(let reason) = error { throw reason }
    }
  }

  func makePlan(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> any ConvolutionPlan {
    do { try validate(problem, options) } catch { throw .unsupported(error) }
    return try OneDNNPlan(problem, options, .choose(problem, options))
  }
}
