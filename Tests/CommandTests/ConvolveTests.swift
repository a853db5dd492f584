import Foundation
import Reporting
import Testing

@Suite struct ConvolveTests {
  private static let image: [Float] = [
    3, 3, 2, 1, 0, 0, 0, 1, 3, 1, 3, 1, 2, 2, 3, 2, 0, 0, 2, 2, 2, 0, 0, 0, 1,
  ]
  private static let kernel: [Float] = [0, 1, 2, 2, 2, 0, 0, 1, 2]

  private func folder(
    src: NumPyArray = NumPyArray(shape: [1, 5, 5], values: image),
    wei: NumPyArray = NumPyArray(shape: [1, 1, 3, 3], values: kernel)
  ) throws -> Folder {
    let folder = try Folder()
    try folder.write("x.npy", NumPyFile.bytes(src))
    try folder.write("w.npy", NumPyFile.bytes(wei))
    return folder
  }

  private func convolve(
    _ arguments: [String] = [], in folder: Folder
  ) throws -> CommandProcess.Outcome {
    try CommandProcess.run(
      ["convolve", "--src", "x.npy", "--wei", "w.npy", "--dst", "y.npy"] + arguments, in: folder,
      environment: [:])
  }

  private func result(_ arguments: [String], in folder: Folder) throws -> NumPyArray {
    let outcome = try convolve(arguments, in: folder)
    #expect(outcome.code == 0 && outcome.errors.isEmpty && outcome.output.isEmpty, "\(outcome)")
    return try NumPyFile.parse(folder.bytes("y.npy") ?? [])
  }

  /// Dumoulin and Visin, *A guide to convolution arithmetic for deep learning*, figures 1.1 and 1.2.
  @Test(arguments: ["reference", "direct", "im2col", "implicit-gemm"])
  func theGuidesExamplesComeOut(backend: String) throws {
    let folder = try folder()
    let plain = try result(["--backend", backend], in: folder)
    #expect(plain.shape == [1, 3, 3])
    #expect(plain.values == [12, 12, 17, 10, 17, 19, 9, 6, 14])
    let strided = try result(
      ["--backend", backend, "--padding", "1", "--stride", "2"], in: folder)
    #expect(strided.values == [6, 17, 3, 8, 17, 13, 6, 4, 4])
  }

  @Test func directIsTheDefaultAndAVariantCanBeForced() throws {
    let folder = try folder()
    #expect(try result([], in: folder).values == [12, 12, 17, 10, 17, 19, 9, 6, 14])
    let forced = try result(["--backend", "winograd-f2"], in: folder)
    #expect(
      zip(forced.values, [12, 12, 17, 10, 17, 19, 9, 6, 14]).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func paddingHasFourSidesAndDilationCountsFromOne() throws {
    let folder = try folder(
      src: NumPyArray(shape: [1, 1, 2, 2], values: [1, 2, 3, 4]),
      wei: NumPyArray(shape: [1, 1, 1, 2], values: [1, 10]))
    // Rows of zeros above, a column of zeros to the right; taps two columns apart.
    let result = try result(["--padding", "1,0,0,1", "--dilation", "1,2"], in: folder)
    #expect(result.shape == [1, 1, 3, 1])
    #expect(result.values == [0, 1, 3])
  }

  @Test func groupsBiasAndReLUAreApplied() throws {
    let folder = try folder(
      src: NumPyArray(shape: [2, 1, 2], values: [1, 2, 3, 4]),
      wei: NumPyArray(shape: [2, 1, 1, 1], values: [10, -1]))
    try folder.write("b.npy", NumPyFile.bytes(NumPyArray(shape: [2], values: [0.5, 3.5])))
    let result = try result(["--groups", "2", "--bias", "b.npy", "--relu"], in: folder)
    #expect(result.shape == [2, 1, 2])
    #expect(result.values == [10.5, 20.5, 0.5, 0])
  }

  @Test func theBatchIsKept() throws {
    let folder = try folder(
      src: NumPyArray(shape: [2, 1, 1, 2], values: [1, 2, 3, 4]),
      wei: NumPyArray(shape: [1, 1, 1, 1], values: [2]))
    let result = try result([], in: folder)
    #expect(result == NumPyArray(shape: [2, 1, 1, 2], values: [2, 4, 6, 8]))
  }

  @Test(arguments: [
    ([5, 5], [1, 1, 3, 3], "--src: shape (5, 5) is neither"),
    ([1, 5, 5], [3, 3], "--wei: shape (3, 3) is not (oc, ic/g, kh, kw)"),
    (
      [2, 5, 5], [1, 1, 3, 3], "--wei: shape (1, 1, 3, 3) with 1 group(s) needs 1 source channels"
    ),
    (
      [1, 2, 2], [1, 1, 3, 3], "source (1, 2, 2), weights (1, 1, 3, 3): --wei: the kernel spans 3"
    ),
    ([1, 0, 5], [1, 1, 3, 3], "source (1, 0, 5), weights (1, 1, 3, 3): --src: 0 is not a size"),
  ])
  func shapesThatDoNotFitAreNamed(src: [Int], wei: [Int], message: String) throws {
    func zeros(_ shape: [Int]) -> NumPyArray {
      NumPyArray(shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
    }
    let folder = try folder(src: zeros(src), wei: zeros(wei))
    let outcome = try convolve(in: folder)
    #expect(outcome.code == 2)
    #expect(
      outcome.errorLines.first?.hasPrefix("conv-bench: error: \(message)") == true, "\(outcome)")
    #expect(folder.names == ["w.npy", "x.npy"])
  }

  @Test func aBiasOfAnotherLengthIsRefused() throws {
    let folder = try folder()
    try folder.write("b.npy", NumPyFile.bytes(NumPyArray(shape: [2], values: [1, 2])))
    let outcome = try convolve(["--bias", "b.npy"], in: folder)
    #expect(outcome.code == 2)
    #expect(outcome.errorLines.first?.contains("--bias: shape (2,) is not (1,)") == true)
  }

  @Test func aResultBeyondTheMachinesMemoryNamesTheFlagAtFault() throws {
    let folder = try folder()
    let outcome = try convolve(["--padding", "10000000"], in: folder)
    #expect(outcome.code == 2)
    let line = try #require(outcome.errorLines.first)
    #expect(
      line.hasPrefix(
        "conv-bench: error: --padding: 10000000,10000000,10000000,10000000 makes a result of shape "
          + "(1, 1, 20000003, 20000003); src, wei and dst take 1490116."),
      "\(line)")
    #expect(line.hasSuffix("GiB of memory; give less padding") && !line.contains("--mb"))
    #expect(folder.names == ["w.npy", "x.npy"])
  }

  @Test func aResultThatIsTooLargeWithoutPaddingIsTheArraysFault() throws {
    // Few bytes, many outputs: images of which each makes a million channels.
    let column = NumPyArray(
      shape: [1_000_000, 1, 1, 1], values: .init(repeating: 1, count: 1_000_000))
    let folder = try folder(src: column, wei: column)
    let outcome = try convolve(["--padding", "0,0,0,1"], in: folder)
    #expect(outcome.code == 2)
    #expect(
      outcome.errorLines.first?.hasPrefix(
        "conv-bench: error: --src, --wei: make a result of shape (1000000, 1000000, 1, 2); src, ")
        == true, "\(outcome)")
  }

  @Test func damagedFilesAreNamed() throws {
    let folder = try folder()
    try folder.write("x.npy", "not an array")
    let outcome = try convolve(in: folder)
    #expect(outcome.code == 2)
    #expect(
      outcome.errorLines == [
        "conv-bench: error: x.npy: is not an .npy file: it does not begin with \\x93NUMPY"
      ])
  }

  /// Each file can be the damaged one.
  @Test(arguments: ["x.npy", "w.npy", "b.npy"])
  func truncatedAndOddlyTypedFilesAreNamed(name: String) throws {
    let folder = try folder()
    try folder.write("b.npy", NumPyFile.bytes(NumPyArray(shape: [1], values: [1])))
    let whole = try #require(folder.bytes(name))

    try folder.write(name, Array(whole.dropLast()))
    let cut = try convolve(["--bias", "b.npy"], in: folder)
    #expect(cut.code == 2 && cut.errorLines.count == 1)
    #expect(
      cut.errorLines.first?.hasPrefix("conv-bench: error: \(name): is cut off: shape") == true,
      "\(cut)")

    let type = try #require(whole.firstRange(of: Array("<f4".utf8)))
    try folder.write(
      name, whole[..<type.lowerBound] + Array("<i8".utf8) + whole[type.upperBound...])
    let integers = try convolve(["--bias", "b.npy"], in: folder)
    #expect(integers.code == 2 && integers.errorLines.count == 1)
    #expect(
      integers.errorLines.first?.hasPrefix("conv-bench: error: \(name): ") == true
        && integers.errorLines[0].contains("integers"), "\(integers)")
    #expect(folder.names == ["b.npy", "w.npy", "x.npy"])
  }

  @Test func aBackendThatDeclinesExitsWith3() throws {
    let folder = try folder()
    try folder.write("y.npy", "old")
    let outcome = try convolve(["--backend", "gemm-1x1"], in: folder)
    #expect(outcome.code == 3)
    #expect(outcome.errorLines == ["conv-bench: error: gemm-1x1: kernel 3x3, needs 1x1"])
    #expect(folder.names == ["w.npy", "x.npy", "y.npy"] && folder.text("y.npy") == "old")
  }

  /// `--dilation` counts from 1, descriptors from 0: the reason counts pixels.
  @Test func reasonsSpeakOfDilationInPixels() throws {
    let folder = try folder()
    let outcome = try convolve(
      ["--backend", "fft", "--dilation", "7", "--padding", "7"], in: folder)
    #expect(outcome.code == 3)
    #expect(
      outcome.errorLines == [
        "conv-bench: error: fft: a dilated kernel, its taps 7x7 pixels apart; needs a dense one"
      ])
  }

  @Test(arguments: [
    (
      ["--dilation", "3,1"], "--wei: the kernel spans 7",
      "reduce --wei or --dilation, or raise --padding"
    ),
    (
      ["--stride", "2", "--padding", "0,0,0,0", "--groups", "1", "--dilation", "1,5"],
      "--wei: the kernel spans 11", "reduce --wei or --dilation, or raise --padding"
    ),
  ])
  func errorsAboutTheProblemNameFlags(
    arguments: [String], beginning: String, end: String
  ) throws {
    let folder = try folder()
    let outcome = try convolve(arguments, in: folder)
    #expect(outcome.code == 2)
    let line = try #require(outcome.errorLines.first)
    #expect(line.contains(": \(beginning)") && line.hasSuffix(end), "\(line)")
  }

  @Test func oneConvolutionTakesOneNumberOfThreads() throws {
    let outcome = try convolve(["--threads", "1,2"], in: folder())
    #expect(outcome.code == 2)
    #expect(
      outcome.errorLines == [
        "conv-bench: error: --threads: '1,2' is not one number of threads; give a whole number from 1 up"
      ])
  }

  @Test func controlCharactersOfADamagedHeaderAreEscaped() throws {
    let folder = try folder()
    let header = "{'a\u{1B}[31m\nb\u{7}': 1, }"
    try folder.write(
      "x.npy",
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8))
    let outcome = try convolve(in: folder)
    #expect(
      outcome.errors
        == "conv-bench: error: x.npy: the header is damaged: unknown key 'a\\x1b[31m\\x0ab\\x07'\n")
  }

  @Test func anUnwritableResultIsSaidAtOnce() throws {
    let folder = try folder()
    let outcome = try CommandProcess.run(
      ["convolve", "--src", "x.npy", "--wei", "w.npy", "--dst", "none/y.npy"], in: folder)
    #expect(outcome.code == 2)
    #expect(
      outcome.errorLines == [
        "conv-bench: error: cannot write none/y.npy: No such file or directory"
      ])
  }
}
