import Convolution

/// benchdnn's text form of a convolution: `mb1ic64ih56oc128oh56kh3ph1n"name*3"`.
///
/// Fields are a symbol and a number, in any order, `_` may stand between them, and `n"…"` comes
/// last. `ic ih oc kh` must be given. The rest is deduced as benchdnn deduces it:
///
/// - `mb` and `g` are 1, strides 1, dilations 0 (dense). benchdnn's own default batch is 2.
/// - With no field of the width, the width is the height. With `iw` and `kw` given, the width
///   stands on its own; with only some fields, the missing ones are the height's. With no field of
///   the height, the height is the width (benchdnn reads that as a one-dimensional problem).
/// - Without `oh`, the floor formula gives it from the padding, which is 0 when not given.
/// - With `oh`, and `ph` 0 or not given, the padding that leads to `oh` is deduced:
///   `ph = ((oh−1)·sh − ih + span)/2`, the rest goes to the other side.
/// - With `oh` and a padding that does not lead to it, the text contradicts itself: an error.
/// - A field given twice is an error, unless both say the same.
///
/// `phr` and `pwr`, the padding at the bottom and the right, are an extension; they are `ph` and
/// `pw` when not given.
///
/// Source: oneDNN, `tests/benchdnn/doc/driver_conv.md`.
public enum ProblemDescriptor {
  /// Reads one descriptor.
  ///
  /// - Throws: `ProblemError` naming the field, or quoting the text, at fault.
  public static func parse(_ text: String) throws(ProblemError) -> ParsedProblem {
    try DescriptorFields(text).resolve()
  }

  /// The canonical text of a problem; `parse` returns the same problem, name and multiplicity.
  ///
  /// Fields of the width appear only when something differs from the height, `g`, strides and
  /// dilations only when they are not the default, `phr` and `pwr` only when they differ from `ph`
  /// and `pw`. A double quote inside `name` becomes a single one; an empty name is no name.
  public static func format(
    _ problem: ConvolutionProblem, name: String? = nil, multiplicity: Int = 1
  ) -> String {
    let p = problem
    let height = [p.ih, p.oh, p.kh, p.sh, p.ph, p.phr, p.dh]
    let isSquare = height == [p.iw, p.ow, p.kw, p.sw, p.pw, p.pwr, p.dw]
    func pair(_ field: String, _ h: Int, _ w: Int) -> String {
      isSquare ? "\(field)h\(h)" : "\(field)h\(h)\(field)w\(w)"
    }
    var text = p.g == 1 ? "" : "g\(p.g)"
    text += "mb\(p.mb)ic\(p.ic)" + pair("i", p.ih, p.iw)
    text += "oc\(p.oc)" + pair("o", p.oh, p.ow) + pair("k", p.kh, p.kw)
    if p.sh != 1 || p.sw != 1 { text += pair("s", p.sh, p.sw) }
    text += pair("p", p.ph, p.pw)
    if p.phr != p.ph { text += "phr\(p.phr)" }
    if p.pwr != p.pw && !isSquare { text += "pwr\(p.pwr)" }
    if p.dh != 0 || p.dw != 0 { text += pair("d", p.dh, p.dw) }
    return text + DescriptorName.format(name ?? "", multiplicity: multiplicity)
  }
}
