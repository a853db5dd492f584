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
    do { return try NumPyFile.parse(bytes) } catch { throw .usage("\(path): \(error)") }
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
      throw .usage("source \(NumPyFile.text(s)), weights \(NumPyFile.text(w)): \(error)")
    }
  }

  // MARK: The work

  private func convolve(
    _ problem: ConvolutionProblem, _ choice: BackendChoice, src: NumPyArray, wei: NumPyArray,
    bias: NumPyArray?
  ) throws(CommandError) -> [Float] {
    let planOptions = PlanOptions(
      isa: options.isa ?? .best, threads: ThreadCounts.allowed(options.threads).max() ?? 1,
      variant: choice.variant, bias: bias != nil, relu: options.appliesReLU)
    do {
      try choice.backend.validate(problem, planOptions)
      try requireMemory(problem)
      let benchmark = BenchmarkCase(
        network: "", layer: "", problem: problem, backend: choice.backend, options: planOptions)
      if let warning = Tuning.warning([benchmark]) { Console.note("warning", warning) }
      let plan = try choice.backend.makePlan(problem, planOptions)
      let input = try AlignedBuffer(count: plan.src.count)
      let output = try AlignedBuffer(count: plan.dst.count)
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

  /// Source and destination, the latter also as file and as plain array.
  private func requireMemory(_ problem: ConvolutionProblem) throws(AllocationError) {
    let floats = Double(problem.srcCount) + 3 * Double(problem.dstCount) + Double(problem.weiCount)
    let bytes = floats * Double(MemoryLayout<Float>.size)
    guard bytes <= Double(MemoryBudget.current().available) else {
      throw AllocationError(bytes: Int(exactly: bytes.rounded()) ?? .max)
    }
  }
}
