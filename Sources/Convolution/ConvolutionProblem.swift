/// A 2-D convolution (cross-correlation) on float32 tensors.
///
/// `dst[n,k,p,q] = bias[k] + Σ_{c,r,s} src[n,c, p·sh + r·(dh+1) − ph, q·sw + s·(dw+1) − pw] · wei[k,c,r,s]`
///
/// The symbols are oneDNN's. With `g` groups, output channel `k` reads the `ic/g` input channels of
/// its own group, and `wei` has the shape `oc × (ic/g) × kh × kw`. Dilation counts from 0 (0 is a
/// dense kernel). `ph` and `pw` pad the top and the left, `phr` and `pwr` the bottom and the right.
///
/// A value of this type is always consistent: its initialiser refuses anything else, so everything
/// that takes one may rely on it.
public struct ConvolutionProblem: Hashable, Sendable {
  /// Images in the batch.
  public let mb: Int
  /// Groups; divides `ic` and `oc`.
  public let g: Int
  /// Input channels of all groups.
  public let ic: Int
  /// Input height, pixels.
  public let ih: Int
  /// Input width, pixels.
  public let iw: Int
  /// Output channels of all groups.
  public let oc: Int
  /// Output height, `⌊(ih + ph + phr − ((kh−1)(dh+1)+1)) / sh⌋ + 1`.
  public let oh: Int
  /// Output width, `⌊(iw + pw + pwr − ((kw−1)(dw+1)+1)) / sw⌋ + 1`.
  public let ow: Int
  /// Kernel height, taps.
  public let kh: Int
  /// Kernel width, taps.
  public let kw: Int
  /// Vertical stride, ≥ 1.
  public let sh: Int
  /// Horizontal stride, ≥ 1.
  public let sw: Int
  /// Padding above the image.
  public let ph: Int
  /// Padding left of the image.
  public let pw: Int
  /// Padding below the image.
  public let phr: Int
  /// Padding right of the image.
  public let pwr: Int
  /// Vertical dilation, 0 = dense.
  public let dh: Int
  /// Horizontal dilation, 0 = dense.
  public let dw: Int

  /// No product of sizes (elements, bytes, FLOPs) of a valid problem exceeds this.
  public static let largestProduct = 1 << 62

  /// Creates a problem; the output size follows from the rest. `phr` and `pwr` default to `ph` and
  /// `pw`.
  ///
  /// - Throws: `ProblemError` naming the field that is not positive, does not divide, leaves no
  ///   output, or makes a tensor or the FLOP count exceed 2⁶².
  public init(
    mb: Int = 1, g: Int = 1, ic: Int, ih: Int, iw: Int, oc: Int, kh: Int, kw: Int,
    sh: Int = 1, sw: Int = 1, ph: Int = 0, pw: Int = 0, phr: Int? = nil, pwr: Int? = nil,
    dh: Int = 0, dw: Int = 0
  ) throws(ProblemError) {
    let positive = [
      ("mb", mb), ("g", g), ("ic", ic), ("ih", ih), ("iw", iw), ("oc", oc), ("kh", kh), ("kw", kw),
      ("sh", sh), ("sw", sw),
    ]
    for (field, value) in positive {
      guard value >= 1 else {
        throw ProblemError(field: field, "\(value) is not a size; give 1 or more")
      }
    }
    let nonNegative = [
      ("ph", ph), ("pw", pw), ("phr", phr ?? ph), ("pwr", pwr ?? pw), ("dh", dh), ("dw", dw),
    ]
    for (field, value) in nonNegative {
      guard value >= 0 else {
        throw ProblemError(field: field, "\(value) is negative; give 0 or more")
      }
    }
    for (field, value) in positive + nonNegative {
      guard value <= 1 << 40 else {
        throw ProblemError(field: field, "\(value) is beyond any tensor; the limit is 2^40")
      }
    }
    guard ic % g == 0 else {
      throw ProblemError(field: "g", "\(g) groups do not divide ic=\(ic) input channels")
    }
    guard oc % g == 0 else {
      throw ProblemError(field: "g", "\(g) groups do not divide oc=\(oc) output channels")
    }
    self.mb = mb
    self.g = g
    self.ic = ic
    self.ih = ih
    self.iw = iw
    self.oc = oc
    self.kh = kh
    self.kw = kw
    self.sh = sh
    self.sw = sw
    self.ph = ph
    self.pw = pw
    self.phr = phr ?? ph
    self.pwr = pwr ?? pw
    self.dh = dh
    self.dw = dw
    oh = try Self.outputSize(
      "h", size: ih, kernel: kh, stride: sh, pads: (ph, phr ?? ph), dilation: dh)
    ow = try Self.outputSize(
      "w", size: iw, kernel: kw, stride: sw, pads: (pw, pwr ?? pw), dilation: dw)
    try Self.requireProduct("src", [mb, ic, ih, iw, 4])
    try Self.requireProduct("dst", [mb, oc, oh, ow, 4])
    try Self.requireProduct("wei", [oc, ic / g, kh, kw, 4])
    try Self.requireProduct("FLOPs", [2, mb, oc, oh, ow, ic / g, kh, kw])
  }

  /// `(kernel − 1)(dilation + 1) + 1`: the pixels that a dilated kernel spans.
  public static func span(kernel: Int, dilation: Int) -> Int { (kernel - 1) * (dilation + 1) + 1 }

  private static func outputSize(
    _ axis: String, size: Int, kernel: Int, stride: Int, pads: (Int, Int), dilation: Int
  ) throws(ProblemError) -> Int {
    let (reach, overflow) = (kernel - 1).multipliedReportingOverflow(by: dilation + 1)
    guard !overflow, reach < largestProduct else {
      throw ProblemError(field: "d\(axis)", "\(dilation) times k\(axis)=\(kernel) overflows 2^62")
    }
    let padded = size + pads.0 + pads.1
    guard padded > reach else {
      throw ProblemError(
        field: "k\(axis)",
        "the kernel spans \(reach + 1) pixels, the padded input has only \(padded); "
          + "no output is left: reduce k\(axis) or d\(axis), or raise p\(axis)")
    }
    return (padded - reach - 1) / stride + 1
  }

  private static func requireProduct(_ field: String, _ factors: [Int]) throws(ProblemError) {
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      guard !overflow, next <= largestProduct else {
        let text = factors.map(String.init).joined(separator: "·")
        throw ProblemError(field: field, "\(text) exceeds 2^62; make the problem smaller")
      }
      product = next
    }
  }
}

extension ConvolutionProblem {
  /// Input channels of one group.
  public var icPerGroup: Int { ic / g }
  /// Output channels of one group.
  public var ocPerGroup: Int { oc / g }
  /// Elements of `src`.
  public var srcCount: Int { mb * ic * ih * iw }
  /// Elements of `wei`.
  public var weiCount: Int { oc * icPerGroup * kh * kw }
  /// Elements of `dst`.
  public var dstCount: Int { mb * oc * oh * ow }
  /// Terms in the sum of one output, padded taps counted: `(ic/g)·kh·kw`.
  public var reduction: Int { icPerGroup * kh * kw }
  /// Multiply-adds, padded taps counted.
  public var multiplyAdds: Int { dstCount * reduction }
  /// `2·mb·oc·oh·ow·(ic/g)·kh·kw`: direct-equivalent floating-point operations.
  public var flops: Double { 2 * Double(dstCount) * Double(reduction) }
  /// `flops / 10⁹`.
  public var gflop: Double { flops / 1e9 }
  /// Whether every group has one input channel (and there is more than one group).
  public var isDepthwise: Bool { g > 1 && icPerGroup == 1 }
  /// Whether a border of zeros is read anywhere.
  public var isPadded: Bool { ph + pw + phr + pwr > 0 }

  /// The same problem with another batch size.
  public func with(mb: Int) throws(ProblemError) -> ConvolutionProblem {
    try ConvolutionProblem(
      mb: mb, g: g, ic: ic, ih: ih, iw: iw, oc: oc, kh: kh, kw: kw, sh: sh, sw: sw, ph: ph, pw: pw,
      phr: phr, pwr: pwr, dh: dh, dw: dw)
  }
}
