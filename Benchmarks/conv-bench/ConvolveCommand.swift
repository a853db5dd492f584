import Backends
import Convolution
import Foundation
import Measurement
import Reporting

/// `convolve`: one real convolution of NumPy files.
struct ConvolveCommand {
  private let options: Options

  /// Reads, convolves and writes.
  static func run(_ options: Options) throws -> ExitStatus {
    try ConvolveCommand(options: options).perform()
  }

  private func perform() throws -> ExitStatus {
    let choice = try backend()
    let path = try required(options.dst, "dst")
    let src = try read(try required(options.src, "src"))
    let wei = try read(try required(options.wei, "wei"))
    let bias = try options.bias.map(read)
    let problem = try problem(src: src, wei: wei, bias: bias)
    try requireMemory(problem)
    // Before the work: a result that cannot be written is not worth computing.
    let file = try OutputFile(path: path)
    // The handler keeps the file alive, so that it must be discarded here whatever is thrown.
    defer { file.discard() }
    Interruption.shared.onFirstSignal { file.discard() }
    let values = try convolve(problem, choice, src: src, wei: wei, bias: bias)
    var shape = [problem.mb, problem.oc, problem.oh, problem.ow]
    if src.shape.count == 3 { shape.removeFirst() }
    try file.write(NumPyFile.bytes(NumPyArray(shape: shape, values: values)))
    try file.finish()
    return .success
  }

  // MARK: What is given

  private func backend() throws(CommandError) -> BackendChoice {
    guard options.backends != ["all"] else {
      throw .usage("--backend: all is not one backend; give one, such as direct")
    }
    var single = options
    if single.backends.isEmpty { single.backends = ["direct"] }
    return try BackendChoice.selected(by: single)[0]
  }

  private func required(_ value: String?, _ flag: String) throws(CommandError) -> String {
    guard let value else {
      throw .usage("--\(flag): missing; convolve needs --src X.npy --wei W.npy --dst Y.npy")
    }
    return value
  }

  private func read(_ path: String) throws(CommandError) -> NumPyArray {
    let bytes = try InputFile.read(path)
    do { return try NumPyFile.parse(bytes) } catch {
      throw .usage("\(InputFile.name(path)): \(error)")
    }
  }

  private func problem(
    src: NumPyArray, wei: NumPyArray, bias: NumPyArray?
  ) throws(CommandError) -> ConvolutionProblem {
    let (s, w) = (src.shape, wei.shape)
    guard s.count == 3 || s.count == 4 else {
      throw .usage("--src: shape \(NumPyFile.text(s)) is neither (n, c, h, w) nor (c, h, w)")
    }
    guard w.count == 4 else {
      throw .usage("--wei: shape \(NumPyFile.text(w)) is not (oc, ic/g, kh, kw)")
    }
    let image = s.suffix(3).map(\.self)
    let (channels, overflow) = w[1].multipliedReportingOverflow(by: options.groups)
    guard !overflow, channels == image[0] else {
      throw .usage(
        "--wei: shape \(NumPyFile.text(w)) with \(options.groups) group(s) needs "
          + "\(overflow ? "too many" : String(channels)) source channels, --src has \(image[0]): "
          + "\(NumPyFile.text(s)); give the right --groups")
    }
    if let bias, bias.shape != [w[0]] {
      throw .usage(
        "--bias: shape \(NumPyFile.text(bias.shape)) is not (\(w[0]),), one for each of the "
          + "\(w[0]) output channels of --wei")
    }
    do {
      return try ConvolutionProblem(
        mb: s.count == 4 ? s[0] : 1, g: options.groups, ic: image[0], ih: image[1], iw: image[2],
        oc: w[0], kh: w[2], kw: w[3], sh: options.stride.h, sw: options.stride.w,
        ph: options.padding.top, pw: options.padding.left, phr: options.padding.bottom,
        pwr: options.padding.right, dh: options.dilation.h - 1, dw: options.dilation.w - 1)
    } catch {
      throw .usage(
        "source \(NumPyFile.text(s)), weights \(NumPyFile.text(w)): \(Self.inFlags("\(error)"))")
    }
  }

  /// An error about a problem, with the flags of this command for the symbols of descriptors.
  private static func inFlags(_ text: String) -> String {
    text.replacing(/\b[a-z]+\b(?!=)/) {
      flags[String($0.output)].map { "--\($0)" } ?? String($0.output)
    }
  }

  private static let flags = [
    "mb": "src", "ic": "src", "ih": "src", "iw": "src", "src": "src", "oc": "wei", "kh": "wei",
    "kw": "wei", "wei": "wei", "g": "groups", "sh": "stride", "sw": "stride", "ph": "padding",
    "pw": "padding", "phr": "padding", "pwr": "padding", "dh": "dilation", "dw": "dilation",
  ]

  // MARK: The work

  private func convolve(
    _ problem: ConvolutionProblem, _ choice: BackendChoice, src: NumPyArray, wei: NumPyArray,
    bias: NumPyArray?
  ) throws(CommandError) -> [Float] {
    let planOptions = PlanOptions(
      isa: options.isa ?? .best, threads: ThreadCounts.allowed(options.threads).max() ?? 1,
      variant: choice.variant, bias: bias != nil, relu: options.appliesReLU,
      maxError: options.maxError, rigor: options.rigor,
      flopsPerThread: PlanOptions.worthAThread)
    do {
      try choice.backend.validate(problem, planOptions)
      let benchmark = BenchmarkCase(
        network: "", layer: "", problem: problem, backend: choice.backend, options: planOptions)
      if let warning = Tuning.warning([benchmark]) { Console.note("warning", warning) }
      _ = Wisdom(options.rigor, [benchmark])
      let (plan, input, output) = try MemoryLimit.allowing(memoryForWork(problem)) {
        let plan = try choice.backend.makePlan(problem, planOptions)
        return (
          plan, try AlignedBuffer(count: plan.src.count), try AlignedBuffer(count: plan.dst.count)
        )
      }
      _ = input.elements.update(fromContentsOf: src.values)
      wei.values.withUnsafeBufferPointer { wei in
        guard let bias else { return plan.prepare(wei: wei.baseAddress!, bias: nil) }
        bias.values.withUnsafeBufferPointer {
          plan.prepare(wei: wei.baseAddress!, bias: $0.baseAddress)
        }
      }
      plan.execute(src: input.readOnly, dst: output.baseAddress)
      return Array(output.elements)
    } catch {
      throw .unmeasured("\(choice.name): \(error)")
    }
  }

  /// Refuses tensors that exceed the machine's memory, before anything is allocated.
  private func requireMemory(_ problem: ConvolutionProblem) throws(CommandError) {
    guard let excess = MemoryExcess(problem) else { return }
    let p = problem
    let shape = NumPyFile.text([p.mb, p.oc, p.oh, p.ow])
    let plain = try? ConvolutionProblem(
      mb: p.mb, g: p.g, ic: p.ic, ih: p.ih, iw: p.iw, oc: p.oc, kh: p.kh, kw: p.kw, sh: p.sh,
      sw: p.sw, dh: p.dh, dw: p.dw)
    let isPaddingAtFault = p.isPadded && plain.flatMap(MemoryExcess.init) == nil
    throw .usage(
      isPaddingAtFault
        ? "--padding: \(p.ph),\(p.pw),\(p.phr),\(p.pwr) makes a result of shape \(shape); \(excess); "
          + "give less padding"
        : "--src, --wei: make a result of shape \(shape); \(excess); give smaller arrays")
  }

  /// Bytes that a plan and its activations may take: the result is needed as an array and as a file's
  /// bytes besides.
  private func memoryForWork(_ problem: ConvolutionProblem) throws(AllocationError) -> Int {
    let later = 2 * Double(problem.dstCount) * Double(MemoryLayout<Float>.size)
    let available = MemoryBudget.current().available
    guard later <= Double(available) else {
      throw AllocationError(bytes: Int(exactly: later.rounded()) ?? .max)
    }
    return available - Int(later)
  }
}
