import Convolution

/// One axis of a problem, complete.
struct Axis {
  var size, kernel, stride, pad, endPad, dilation: Int
}

/// What a descriptor says about one axis.
struct AxisFields {
  /// `h` or `w`, the last letter of the fields but for `r`.
  let letter: String
  var size, output, kernel, stride, pad, endPad, dilation: Int?

  /// Picks the fields of an axis.
  init(_ letter: String, _ values: [String: Int]) {
    self.letter = letter
    size = values["i" + letter]
    output = values["o" + letter]
    kernel = values["k" + letter]
    stride = values["s" + letter]
    pad = values["p" + letter]
    endPad = values["p" + letter + "r"]
    dilation = values["d" + letter]
  }

  /// Whether nothing is said about the axis.
  var isEmpty: Bool {
    [size, output, kernel, stride, pad, endPad, dilation].allSatisfy { $0 == nil }
  }

  /// The same axis, what it lacks taken from `other`, unless it has what stands on its own.
  func completed(from other: Axis) -> AxisFields {
    if size != nil && kernel != nil { return self }
    var result = self
    result.size = size ?? other.size
    result.kernel = kernel ?? other.kernel
    result.stride = stride ?? other.stride
    result.dilation = dilation ?? other.dilation
    if pad == nil && endPad == nil && output == nil {
      (result.pad, result.endPad) = (other.pad, other.endPad)
    }
    return result
  }

  /// Deduces stride, dilation and padding, and checks that the output follows.
  func resolve() throws(ProblemError) -> Axis {
    guard let size else { throw .missing("i" + letter) }
    guard let kernel else { throw .missing("k" + letter) }
    var axis = axis(size: size, kernel: kernel)
    guard let output, output != axis.output else { return axis }
    guard axis.pad == 0, endPad == nil, let (before, after) = axis.padding(for: output) else {
      throw contradiction(axis, output)
    }
    (axis.pad, axis.endPad) = (before, after)
    return axis
  }

  /// The padding at the end that leads to an output which an explicit padding contradicts.
  var contradictedEndPadding: Int? {
    guard let size, let kernel, let output, let pad, pad > 0, endPad == nil else { return nil }
    let axis = axis(size: size, kernel: kernel)
    return output == axis.output ? nil : axis.endPadding(for: output)
  }

  /// The axis with the defaults for what is not given.
  private func axis(size: Int, kernel: Int) -> Axis {
    Axis(
      size: size, kernel: kernel, stride: stride ?? 1, pad: pad ?? 0, endPad: endPad ?? pad ?? 0,
      dilation: dilation ?? 0)
  }

  private func contradiction(_ axis: Axis, _ output: Int) -> ProblemError {
    var given = "i\(letter)=\(axis.size) k\(letter)=\(axis.kernel) s\(letter)=\(axis.stride)"
    if axis.dilation != 0 { given += " d\(letter)=\(axis.dilation)" }
    given += " p\(letter)=\(axis.pad)"
    if endPad != nil { given += " p\(letter)r=\(axis.endPad)" }
    let remedy =
      if let needed = axis.endPadding(for: output) {
        "correct it, leave it out, or give p\(letter)r\(needed)"
      } else {
        "correct it or leave it out"
      }
    let result = axis.output.map(String.init) ?? "no output"
    return ProblemError(
      field: "o" + letter,
      "\(output) does not follow from \(given), which give \(result); \(remedy)")
  }
}

// Fields go up to 2⁴², so that products of two need more than 64 bits.
extension Axis {
  /// `(kernel − 1)(dilation + 1) + 1`.
  private var span: Int128 { (Int128(kernel) - 1) * (Int128(dilation) + 1) + 1 }

  /// The output size by the floor formula; nil when the kernel does not fit.
  var output: Int? {
    let free = Int128(size) + Int128(pad) + Int128(endPad) - span
    return free < 0 ? nil : Int(free / Int128(stride)) + 1
  }

  /// Both sides' padding that leads to `output` without rest, at most `span − 1` each (a full
  /// correlation).
  func padding(for output: Int) -> (Int, Int)? {
    let total = totalPadding(for: output)
    guard 0...2 * (span - 1) ~= total, total <= DescriptorFields.largestValue else { return nil }
    let padding = Int(total)
    return (padding / 2, padding - padding / 2)
  }

  /// The padding at the end that leads to `output` with the other side's as it is.
  func endPadding(for output: Int) -> Int? {
    let needed = totalPadding(for: output) - Int128(pad)
    return 0..<span ~= needed && needed <= DescriptorFields.largestValue ? Int(needed) : nil
  }

  private func totalPadding(for output: Int) -> Int128 {
    (Int128(output) - 1) * Int128(stride) - Int128(size) + span
  }
}
