import COneDNN
import Convolution

/// The implementation that oneDNN chose for a problem; compiled when a plan is made of it.
///
/// In `native` layout oneDNN may choose how source and destination lie. Its choice stands when we have
/// that layout too: plain, or channels in blocks of 8 or 16, counted over all groups. Otherwise
/// (`nhwc`) blocks are asked for on either side, and the first implementation is taken that is not
/// oneDNN's unoptimised one.
final class OneDNNConvolution {
  /// oneDNN's name of the implementation, such as `jit:avx512_core`.
  let implementation: String
  /// How the source lies; nil when we have no such layout.
  let srcLayout: TensorLayout?
  /// How the destination lies; nil when we have no such layout.
  let dstLayout: TensorLayout?
  private let handle: OpaquePointer

  /// What is asked for on both sides, most wanted first.
  private typealias Layouts = (src: Int, dst: Int)

  /// Chooses for `problem`, which was validated but for whether oneDNN takes it.
  static func choose(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> OneDNNConvolution {
    let (plain, any) = (Int(onednn_layout_nchw), Int(onednn_layout_any))
    guard options.layout == .native else {
      return try OneDNNConvolution(problem, options, (plain, plain))
    }
    let own = try OneDNNConvolution(problem, options, (any, any))
    if own.srcLayout != nil, own.dstLayout != nil { return own }
    let lanes = options.isa == .avx512 ? 16 : 8
    var last: OneDNNConvolution?
    for layouts in [(lanes, lanes), (plain, lanes), (plain, plain)] as [Layouts] {
      do {
        let choice = try OneDNNConvolution(problem, options, layouts)
        guard choice.isUnoptimised else { return choice }
        last = choice
      } catch .unsupported {
        continue
      }
    }
    guard let last else { throw .unsupported(Self.refusal(options)) }
    return last
  }

  private init(
    _ problem: ConvolutionProblem, _ options: PlanOptions, _ layouts: Layouts
  ) throws(PlanError) {
    var request = onednn_request(problem, options)
    request.src_layout = Int32(layouts.src)
    request.dst_layout = Int32(layouts.dst)
    var chosen: OpaquePointer?
    switch onednn_choose(&request, &chosen) {
    case onednn_ok: handle = chosen!
    case onednn_out_of_memory: throw .memory(AllocationError(bytes: problem.weiCount * 4))
    default: throw .unsupported(Self.refusal(options))
    }
    implementation = String(cString: onednn_implementation(handle))
    srcLayout = TensorLayout(onednn: onednn_src_layout(handle))
    dstLayout = TensorLayout(onednn: onednn_dst_layout(handle))
  }

  deinit { onednn_release(handle) }

  private static func refusal(_ options: PlanOptions) -> Unsupported {
    let algorithm = options.variant.map { "\($0) " } ?? ""
    return Unsupported(
      "oneDNN \(OneDNN.version!) has no \(algorithm)convolution for this problem in layout "
        + options.layout.rawValue)
  }

  private var isUnoptimised: Bool { implementation.hasPrefix("ref") }

  /// Whether it is one of oneDNN's Winograd implementations.
  var isWinograd: Bool { implementation.contains("wino") }

  /// Bytes of packed weights.
  var weightsBytes: Int { onednn_weights_bytes(handle) }
  /// Bytes of scratch memory.
  var scratchBytes: Int { onednn_scratch_bytes(handle) }

  /// Compiles it, to work in memory of the caller's that outlives this object.
  func compile(
    weights: AlignedBuffer, bias: AlignedBuffer, scratch: AlignedBuffer
  ) throws(PlanError) {
    let status = onednn_compile(
      handle, weights.baseAddress, bias.baseAddress, scratch.baseAddress)
    guard status == onednn_ok else {
      throw .memory(AllocationError(bytes: weights.byteCount + scratch.byteCount))
    }
  }

  /// Packs plain weights into the memory given to `compile`.
  func pack(_ wei: UnsafePointer<Float>) {
    let status = onednn_pack(handle, wei)
    precondition(status == onednn_ok, "oneDNN could not pack the weights of \(implementation)")
  }

  /// Runs it once.
  func execute(_ src: UnsafePointer<Float>, _ dst: UnsafeMutablePointer<Float>) {
    let status = onednn_execute(handle, src, dst)
    precondition(status == onednn_ok, "oneDNN could not run \(implementation)")
  }
}

extension TensorLayout {
  /// The layout that the shim gives this number; nil for one that we do not have.
  fileprivate init?(onednn layout: Int32) {
    switch Int(layout) {
    case Int(onednn_layout_nchw): self = .nchw
    case let lanes where lanes > 0: self = .blocked(lanes: lanes)
    default: return nil
    }
  }
}

extension onednn_request {
  fileprivate init(_ p: ConvolutionProblem, _ options: PlanOptions) {
    self.init()
    (mb, g, ic, ih, iw) = (Int64(p.mb), Int64(p.g), Int64(p.ic), Int64(p.ih), Int64(p.iw))
    (oc, oh, ow, kh, kw) = (Int64(p.oc), Int64(p.oh), Int64(p.ow), Int64(p.kh), Int64(p.kw))
    (sh, sw, dh, dw) = (Int64(p.sh), Int64(p.sw), Int64(p.dh), Int64(p.dw))
    (ph, pw, phr, pwr) = (Int64(p.ph), Int64(p.pw), Int64(p.phr), Int64(p.pwr))
    (bias, relu) = (options.bias, options.relu)
    threads = Int32(options.threads)
    algorithm = OneDNNBackend.algorithms[options.variant ?? ""] ?? onednn_auto
  }
}
