import Convolution

@testable import Backends

/// What each backend promises to take, told apart from what its `validate` happens to say: the column
/// "takes" of the backends' table, and the limits that docs/algorithms names.
enum Promises {
  /// Whether a backend takes the problem, with its own choice or the variant that the options force; nil where
  /// that is up to a library.
  typealias Promise = @Sendable (_ problem: ConvolutionProblem, _ options: PlanOptions) -> Bool?

  static let table: [String: Promise] = [
    "reference": { _, _ in true },
    "direct": { _, _ in true },
    "im2col": { _, _ in true },
    "implicit-gemm": { _, _ in true },
    // Stride 1, dense; some sum over channels and taps to save on; two outputs of a tile along an axis, unless that
    // is the whole image.
    "fft": { p, options in
      let variant = options.variant
      // A schedule may be impossible for the size of a tile, which is up to the cost model.
      if isScheduleForced(variant) { return nil }
      guard p.hasUnitSteps, !p.isDepthwise, p.kh * p.kw > 1 else { return false }
      guard let variant, variant != "whole" else { return true }
      return max(p.kh, p.kw) < Int(variant.dropFirst())!
    },
    "winograd": { p, options in
      let variant = options.variant
      if isScheduleForced(variant) { return nil }
      let tiles = [3: ["f2", "f3", "f4", "f5", "f6"], 5: ["f2", "f4"]]
      let (kh, kw) = (cells(p.kh, stride: p.sh, pad: p.ph), cells(p.kw, stride: p.sw, pad: p.pw))
      guard p.isDense, !p.isDepthwise, kh == kw, let tiles = tiles[kh] else { return false }
      // Strips of rows: few channels, where a strip fits the row, in plain planes a vector of strips.
      if let strip = variant, strip.hasPrefix("f1x") {
        let (outputs, lanes) = (kw == 3 ? 4 : 2, options.isa.kernels.lanes)
        return p.hasUnitSteps && strip == "f1x\(outputs)" && p.icPerGroup < lanes
          && p.ow >= outputs * (options.layout == .native ? 1 : lanes)
      }
      if let variant, variant.contains("+") {
        return mixed[kh]!.contains(variant) && mixes(variant, kh, p.oh, p.ow)
      }
      return variant.map(tiles.contains) ?? true
    },
    "gemm-1x1": { p, _ in p.kh == 1 && p.kw == 1 && !p.isPadded },
    "auto": { _, _ in true },
    // A peer: whatever its own choice takes; a forced algorithm of its is its own matter.
    "onednn": { _, options in options.variant == nil ? true : nil },
  ]

  private static let mixed = [3: ["f4+3", "f5+4", "f6+4"], 5: ["f4+3"]]

  /// Whether the fewest products along both axes take wide tiles somewhere and narrow ones somewhere; of as many
  /// products, those of more wide tiles.
  private static func mixes(_ variant: String, _ taps: Int, _ outputs: Int...) -> Bool {
    let sizes = variant.dropFirst().split(separator: "+").map { Int($0)! }
    let best = outputs.map { outputs in
      var best = (products: Int.max, wide: 0, narrow: 0)
      for wide in 0...outputs {
        for narrow in 0...outputs where wide * sizes[0] + narrow * sizes[1] >= outputs {
          let products = wide * (sizes[0] + taps - 1) + narrow * (sizes[1] + taps - 1)
          if products <= best.products { best = (products, wide, narrow) }
        }
      }
      return best
    }
    return best.contains { $0.wide > 0 } && best.contains { $0.narrow > 0 }
  }

  private static func isScheduleForced(_ variant: String?) -> Bool {
    variant?.contains("-") ?? false
  }

  /// How many cells of the size of a stride a kernel touches; cells begin at the image's first pixel.
  private static func cells(_ taps: Int, stride: Int, pad: Int) -> Int {
    Set((0..<taps).map { Int((Double($0 - pad) / Double(stride)).rounded(.down)) }).count
  }

  /// Whether a backend can run here at all: a peer's library may be missing, and runs one instruction
  /// set a process.
  static func canRun(_ backend: any ConvolutionBackend, _ isa: InstructionSet) -> Bool {
    backend.name != "onednn"
      || (OneDNN.obstacle == nil && InstructionSet.ofOneDNN(ifUndecided: .best) == isa)
  }
}

extension ConvolutionProblem {
  fileprivate var isDense: Bool { dh == 0 && dw == 0 }
  /// Stride 1 and no dilation.
  fileprivate var hasUnitSteps: Bool { isDense && sh == 1 && sw == 1 }
}
