import Foundation
import Testing

@testable import conv_bench

@Suite struct UsageTests {
  /// Arguments with blanks between them, and what the error says.
  @Test(arguments: [
    ("rnu", "unknown command 'rnu' (did you mean run?)"),
    ("compare a", "compare: give two result files, OLD and NEW"),
    ("compare a b c", "unexpected argument 'c'"),
    ("gate", "gate: give one of --base PATH, --base-ref REV, --baseline FILE"),
    ("list", "list: say what: layers, networks or backends"),
    ("list things", "list: unknown 'things'"),
    (
      "list networks --layer vgg", "list networks: shows all of them; list layers takes a selection"
    ),
    ("gate --base x --enforce", "--enforce: is for --baseline F; --base and --base-ref always"),
    (
      "list backends --candidates",
      "--candidates: belongs to a layer; write list backends --layer NAME --candidates"
    ),
    ("list layers --layer vgg --candidates", "--candidates: belongs to a layer"),
    ("list layers more", "unexpected argument 'more'"),
    ("run stray", "unexpected argument 'stray'"),
    ("--layr x", "--layr: unknown flag (did you mean --layer?)"),
    ("check --phases", "--phases: check does not take it, run does"),
    ("machine --layer x", "--layer: machine does not take it"),
    ("--layer", "--layer: needs a value"),
    ("--layer=", "--layer: needs a value"),
    ("--layer --quiet", "--layer: needs a value"),
    ("--layer lenet5,,vgg", "--layer: 'lenet5,,vgg' has an empty name"),
    ("--layer alexnet-conv9", "unknown layer 'alexnet-conv9'; did you mean alexnet-conv"),
    ("--layer vgg-nothing*", "unknown layer 'vgg-nothing*'"),
    ("--network alexnett", "unknown network 'alexnett'; did you mean alexnet"),
    ("--quiet=yes", "--quiet: takes no value"),
    ("--threads 0", "--threads: '0' is not a number of threads"),
    ("--threads many", "--threads: 'many'"),
    ("--threads 1,", "--threads: '1,' has an empty name"),
    ("--threads 99999999999999999999", "--threads: '99999999999999999999'"),
    ("--threads -2", "--threads: '-2' is not a number of threads"),
    ("--threads 1,0", "--threads: '0' is not a number of threads"),
    ("--isa sse", "--isa: 'sse' is no instruction set; this CPU runs"),
    ("--layout nhwc", "--layout: 'nhwc' is no layout; give nchw or native"),
    (
      "--fftw-rigor hard",
      "--fftw-rigor: 'hard' is no way to plan; give estimate, measure or patient"
    ),
    ("list backends --fftw-rigor measure", "--fftw-rigor: list does not take it"),
    ("--mb -3", "--mb: '-3' is not a batch size"),
    ("--mb 0", "--mb: '0' is not a batch size"),
    ("--layer vgg-conv1 --mb 1000000000000", "--mb: 1000000000000 is too large for vgg16-conv1_1"),
    ("--seed -1", "--seed: '-1' is not a seed"),
    ("--samples 0", "--samples: '0' is not a number of samples"),
    ("--min-time nan", "--min-time: 'nan' is not a time"),
    ("--warmup -1", "--warmup: '-1' is not a time"),
    ("--timeout soon", "--timeout: 'soon' is not a time"),
    ("--color blue", "--color: 'blue' is not auto, always or never"),
    ("--filter (", "--filter: '(' is no regular expression"),
    (
      "--backend conv",
      "--backend: unknown backend 'conv'; there are reference, direct, im2col, implicit-gemm, fft, winograd, "
        + "gemm-1x1, auto, onednn; conv-bench list backends shows their variants"
    ),
    (
      "--backend winograd-f99", "--backend: unknown backend 'winograd-f99' (did you mean winograd-f"
    ),
    ("--variant f99", "--variant: no backend selected has a variant 'f99'; there are"),
    ("--backend direct --variant f4", "--variant: no backend selected has a variant 'f4'"),
    ("--problem ic0ih5oc1kh3", "--problem: ic: "),
    ("--problem ic1ih-5oc1kh3", "--problem: ih: -5 is not a size"),
    ("--problem ic1ih5oc1kh0", "--problem: kh: "),
    ("--problem ic1ih5oc1kh3sh0", "--problem: sh: "),
    ("--problem ic3oc4ih5kh3g2", "--problem: g: 2 groups do not divide ic=3"),
    ("--problem ic3", "--problem: ih: missing"),
    (
      "--problem ic1ih5oc1oh9kh3ph0sh1",
      "--problem: oh: 9 does not follow from ih=5 kh=3 sh=1 ph=0, which give 3"
    ),
    ("--problem ic9999999999ih9999999999oc9999999999kh1", "--problem: src:"),
    ("--batch none.txt", "cannot read none.txt: No such file"),
    ("--batch /", "cannot read /: is a directory"),
    ("--append", "--append: needs --csv FILE"),
    ("--append --csv -", "--append: needs --csv FILE"),
    ("--csv - --json -", "--json: standard output is taken by --csv"),
    ("--csv a --markdown a", "--markdown: a is taken by --csv"),
    ("--csv none/a.csv", "cannot write none/a.csv: No such file"),
    ("--json /", "cannot write /: is a directory"),
    ("convolve", "--dst: missing"),
    ("convolve --dst y.npy", "--src: missing"),
    ("convolve --stride 0", "--stride: '0' is not a whole number from 1 up"),
    ("convolve --stride 1,2,3", "--stride: '1,2,3' has 3 numbers; give N or H,W"),
    ("convolve --padding 1,2,3", "--padding: '1,2,3' has 3 numbers"),
    ("convolve --dilation 0", "--dilation: '0'"),
    ("convolve --groups 0", "--groups: '0'"),
    ("convolve --backend all --dst y.npy", "--backend: all is not one backend"),
    ("check --layer vgg-conv1_2 --mb 100000000", "vgg16-conv1_2: src, wei and dst take"),
    ("--problem ic1ih400000oc1kh1mb50000", "mb50000ic1ih400000oc1oh400000kh1ph0: src, wei"),
  ])
  func wrongUsageIsOneLineAndExitsWith2(arguments: String, message: String) throws {
    let folder = try Folder()
    let outcome = try CommandProcess.run(
      arguments.split(separator: " ").map(String.init), in: folder)
    #expect(outcome.code == 2)
    #expect(outcome.errorLines.count == 1)
    let line = try #require(outcome.errorLines.first)
    #expect(line.hasPrefix("conv-bench: error: \(message)"), "\(line)")
    #expect(outcome.output.isEmpty)
    #expect(folder.names.isEmpty, "nothing half-written")
  }

  @Test(arguments: [
    ("--filter nothing-like-it", "--filter 'nothing-like-it' matches no case"),
    ("check --layer zfnet-conv1 --backend winograd", "no case left, all are unsupported"),
  ])
  func whatCannotBeMeasuredExitsWith3(arguments: String, message: String) throws {
    let outcome = try CommandProcess.run(arguments.split(separator: " ").map(String.init))
    #expect(outcome.code == 3)
    #expect(outcome.errorLines.count == 1 && outcome.errorLines[0].contains(message))
  }

  /// On any CPU: what is asked for may be more than it has.
  @Test func anInstructionSetThatTheCPULacksIsRefused() throws {
    let error = try #require(throws: ValueError.self) {
      try Values.instructionSet("avx512", available: [.avx2, .generic])
    }
    #expect(error.description == "this CPU does not run avx512; it runs avx2, generic")
    #expect(try Values.instructionSet("avx2", available: [.avx2, .generic]) == .avx2)
    #expect(try Values.instructionSet("auto", available: [.generic]) == nil)
  }

  @Test func anEmptyBatchFileExitsWith3() throws {
    let folder = try Folder()
    try folder.write("b.txt", "# nothing\n")
    let outcome = try CommandProcess.run(["--batch", "b.txt"], in: folder)
    #expect(outcome.code == 3)
    #expect(outcome.errorLines == ["conv-bench: error: b.txt: holds no problem"])
  }

  @Test func aBadBatchFileNamesTheLine() throws {
    let folder = try Folder()
    try folder.write("b.txt", "ic1ih5oc1kh3\nic1ih5oc1kh9\n")
    let outcome = try CommandProcess.run(["check", "--batch", "b.txt"], in: folder)
    #expect(outcome.code == 2)
    #expect(outcome.errorLines.first?.hasPrefix("conv-bench: error: b.txt:2: kh: ") == true)
  }

  @Test func aDebugBuildDoesNotTime() throws {
    #if DEBUG
      let outcome = try CommandProcess.run(["--layer", "lenet5-fc5"], environment: [:])
      #expect(outcome.code == 3)
      #expect(outcome.errorLines.first?.contains("debug build") == true)
      #expect(outcome.errorLines.first?.contains("CONV_BENCH_ALLOW_DEBUG=1") == true)
      #expect(outcome.output.isEmpty)
    #endif
  }

  @Test(arguments: [["--help"], ["-h"], ["help"], ["run", "--help"], ["convolve", "-h"]])
  func helpFitsAScreen(arguments: [String]) throws {
    let outcome = try CommandProcess.run(arguments)
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
    let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 51)  // 50 and what follows the last
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines.filter { $0.count > 80 })")
  }

  @Test func helpNamesEveryFlagOfItsCommand() throws {
    let text = try CommandProcess.run(["help", "convolve"]).output
    for flag in ["src", "wei", "bias", "dst", "stride", "padding", "dilation", "groups", "backend"]
    {
      #expect(text.contains("--\(flag) "))
    }
    #expect(!text.contains("--csv"))
  }

  @Test func theVersionIsOneLine() throws {
    let outcome = try CommandProcess.run(["--version"])
    #expect(outcome.code == 0)
    #expect(outcome.output.hasPrefix("conv-bench ") && outcome.output.hasSuffix("\n"))
  }
}
