import COneDNN
import Convolution

/// The implementation that oneDNN chose for a problem; compiled when a plan is made of it.
///
/// In `native` layout oneDNN chooses how source and destination lie. In `nchw` there are two ways, of
/// which `paysToReorder` takes the one that should be faster: oneDNN chooses the layout too and its
/// reorders are part of the convolution, as frameworks call it; or its implementation for plain tensors
/// (im2col and GEMM, in 2.6 and 3.2) runs on them as they lie. Winograd is always of the first kind.
final class OneDNNConvolution {
  /// oneDNN's name of the implementation, such as `jit:avx512_core`.
  let implementation: String
  /// How the implementation has source and destination, and whether they are reordered for it.
  let layoutText: String
  /// How the caller's source lies.
  let src: TensorDescription
  /// How the caller's destination lies.
  let dst: TensorDescription
  private let handle: OpaquePointer

  /// Whether reorders and oneDNN's own layout should be faster than its implementation for plain
  /// tensors: yes with groups, else from so many FLOPs for each element of source and destination on.
  ///
  /// A heuristic, drawn from one thread of a Zen 5 core with oneDNN 2.6.3, milliseconds with reorders
  /// and plain:
  ///
  /// | problem | FLOPs/element | reordered | plain |
  /// |---|---|---|---|
  /// | 1×1, ic64 ih56 oc64 | 64 | 0.20 | 0.10 |
  /// | 1×1, ic256 ih56 oc512 | 341 | 4.18 | 3.34 |
  /// | 1×1, ic1024 ih14 oc256 | 410 | 0.50 | 0.44 |
  /// | 1×1, ic832 ih7 oc384 | 525 | 0.14 | 0.18 |
  /// | 3×3, ic3 ih224 oc64 | 52 | 2.51 | 1.52 |
  /// | 5×5, ic3 ih32 oc10 | 115 | 0.02 | 0.03 |
  /// | 7×7, ic3 ih224 oc64, stride 2 | 248 | 1.17 | 1.93 |
  /// | 3×3, depthwise, ic64 ih56 | 9 | 0.14 | 0.54 |
  /// | 3×3, 4 groups, ic64 ih56 oc64 | 144 | 0.26 | 0.77 |
  private static func paysToReorder(_ p: ConvolutionProblem) -> Bool {
    let isPointwise = p.kh == 1 && p.kw == 1
    return p.g > 1 || p.flops / Double(p.srcCount + p.dstCount) >= (isPointwise ? 450 : 80)
  }

  /// Chooses for `problem`, which was validated but for whether oneDNN takes it.
  static func choose(
    _ problem: ConvolutionProblem, _ options: PlanOptions
  ) throws(PlanError) -> OneDNNConvolution {
    let isPlain =
      options.layout == .nchw && options.variant != "winograd" && !paysToReorder(problem)
    return try OneDNNConvolution(
      problem, options, layout: isPlain ? onednn_layout_nchw : onednn_layout_any)
  }

  private init(
    _ problem: ConvolutionProblem, _ options: PlanOptions, layout: some BinaryInteger
  ) throws(PlanError) {
    var request = onednn_request(problem, options)
    request.src_layout = Int32(layout)
    request.dst_layout = Int32(layout)
    request.reorders = options.layout == .nchw
    var chosen: OpaquePointer?
    switch onednn_choose(&request, &chosen) {
    case onednn_ok: handle = chosen!
    case onednn_out_of_memory: throw .memory(AllocationError(bytes: problem.weiCount * 4))
    default: throw .unsupported(Self.refusal(options))
    }
    implementation = String(cString: onednn_implementation(handle))
    let (inner, outer) = (onednn_src_layout(handle), onednn_dst_layout(handle))
    let names = [Self.name(inner), Self.name(outer)]
    let isReordered = request.reorders && names != ["nchw", "nchw"]
    layoutText =
      (names[0] == names[1] ? names[0] : names.joined(separator: "-"))
      + (isReordered ? " reordered" : "")
    guard
      let srcLayout = isReordered ? .nchw : TensorLayout(onednn: inner, channels: problem.ic),
      let dstLayout = isReordered ? .nchw : TensorLayout(onednn: outer, channels: problem.oc)
    else {
      onednn_release(handle)
      throw .unsupported(Unsupported("oneDNN chose a layout that conv-bench does not know"))
    }
    src = problem.srcDescription(srcLayout, groupsApart: false)
    dst = problem.dstDescription(dstLayout, groupsApart: false)
  }

  deinit { onednn_release(handle) }

  private static func refusal(_ options: PlanOptions) -> Unsupported {
    let algorithm = options.variant.map { "\($0) " } ?? ""
    return Unsupported(
      "oneDNN \(OneDNN.version!) has no \(algorithm)convolution for this problem on "
        + options.isa.rawValue)
  }

  private static func name(_ layout: Int32) -> String {
    switch Int(layout) {
    case Int(onednn_layout_nchw): "nchw"
    case Int(onednn_layout_nhwc): "nhwc"
    case let lanes: "nChw\(lanes)c"
    }
  }

  /// Whether it is one of oneDNN's Winograd implementations.
  var isWinograd: Bool { implementation.contains("wino") }

  /// Bytes of the memory that `compile` wants.
  var sizes: onednn_sizes { onednn_memory_sizes(handle) }

  /// Compiles it to work in `memory`, which must outlive it.
  func compile(_ memory: onednn_memory) throws(PlanError) {
    var memory = memory
    guard onednn_compile(handle, &memory) == onednn_ok else {
      throw .memory(AllocationError(bytes: sizes.weights + sizes.scratch))
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
  /// The layout that the shim gives this number, of a tensor with so many channels; nil for one that we
  /// do not have. `nhwc` is one block of all channels.
  fileprivate init?(onednn layout: Int32, channels: Int) {
    switch Int(layout) {
    case Int(onednn_layout_nchw): self = .nchw
    case Int(onednn_layout_nhwc): self = .blocked(lanes: channels)
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
