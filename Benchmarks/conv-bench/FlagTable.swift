import Convolution
import Networks
import Reporting

extension Flag {
  private static let timing: Set<CommandName> = [.run, .tune]
  private static let measuring: Set<CommandName> = [.run, .check, .tune]
  private static let comparing: Set<CommandName> = [.run, .check, .gate, .tune]
  private static let choosing: Set<CommandName> = [.run, .check, .list, .gate]
  private static let selecting = choosing.union([.tune])
  /// Commands in which `auto` may choose.
  private static let tuned: Set<CommandName> = [.run, .check, .list, .convolve, .tune]
  private static let planning = choosing.union([.convolve])

  /// Every flag, in the order of the help.
  static let all: [Flag] = what + how + output + convolution + comparison + about

  private static let what: [Flag] = [
    Flag(
      "layer", .value("NAME[,…]", of: .layers), .what, selecting,
      "layers, blocks, networks or globs"
    ) {
      $0.layers += try Values.list($1)
    },
    Flag("network", .value("NAME[,…]", of: .networks), .what, selecting, "whole networks") {
      $0.networks += try Values.list($1)
    },
    Flag("problem", .value("DESC"), .what, selecting, "a problem in benchdnn's syntax") {
      $0.problems.append(try ProblemDescriptor.parse($1))
    },
    Flag(
      "batch", .value("FILE|-", of: .files), .what, selecting, "a file of problems, as benchdnn's"
    ) {
      $0.batchFiles.append($1)
    },
    Flag("mb", .value("N[,N…]"), .what, selecting, "batch sizes instead of the problems' own") {
      $0.batchSizes += try Values.positives($1, "a batch size")
    },
    Flag("filter", .value("REGEX"), .what, selecting, "only cases whose label matches") { o, text in
      guard let filter = CaseFilter(text) else {
        throw ValueError("'\(text)' is no regular expression; try e.g. 'conv3.*/winograd'")
      }
      o.filter = filter
    },
  ]

  private static let how: [Flag] = [
    Flag(
      "backend", .value("NAME[,…]|all", of: .backends), .how, choosing,
      "default: all but reference; auto if tuned"
    ) {
      $0.backends += try Values.list($1)
    },
    Flag("backend", .value("NAME", of: .oneBackend), .how, [.convolve], "default: direct") {
      $0.backends = [$1]
    },
    Flag(
      "variant", .value("NAME", of: .variants), .how, planning,
      "force a variant (winograd-f4 does too)"
    ) {
      $0.variant = $1
    },
    Flag("threads", .value("N[,N…]"), .how, selecting, "default: all usable cores") {
      $0.threads += try Values.positives($1, "a number of threads")
    },
    Flag("threads", .value("N"), .how, [.convolve], "default: all usable cores") {
      $0.threads = [try Values.positive($1, "one number of threads")]
    },
    Flag(
      "isa", .choice(["auto"] + InstructionSet.allCases.map(\.rawValue), isList: false), .how,
      planning.union([.tune]), "kernels; default: the best"
    ) {
      $0.isa = try Values.instructionSet($1)
    },
    Flag(
      "layout", .choice(LayoutRequest.allCases.map(\.rawValue), isList: true), .how, selecting,
      "default: nchw"
    ) {
      $0.layouts += try Values.layouts($1)
    },
    Flag("bias", .none, .how, choosing, "add a bias") {
      o, _ in o.computesBias = true
    },
    Flag("relu", .none, .how, planning, "replace negative results by zero") {
      o, _ in o.appliesReLU = true
    },
    Flag("tuning", .value("FILE"), .how, tuned, "of auto; ~/.config/conv-bench/tuning.json") {
      guard $1 != "-" else { throw ValueError("'-' is no file") }
      $0.tuning = $1
    },
    Flag("max-error", .value("E"), .how, tuned, "relative l2 error that a choice may have; 1e-5") {
      $0.maxError = try Values.error($1)
    },
    Flag(
      "fftw-rigor", .choice(PlanningRigor.allCases.map(\.rawValue), isList: false), .how,
      measuring.union([.convolve]), "how FFTW plans; default: measure"
    ) {
      $0.rigor = try Values.rigor($1)
    },
    Flag("min-time", .value("SECONDS"), .how, timing, "of samples for each case; 0.5") {
      $0.settings.sampling.minTime = try Values.seconds($1)
    },
    Flag("samples", .value("N"), .how, timing, "exactly so many samples") {
      $0.settings.sampling.samples = try Values.positive($1, "a number of samples")
    },
    Flag("warmup", .value("SECONDS"), .how, timing, "before the first sample; 0.1") {
      $0.settings.sampling.warmup = try Values.seconds($1)
    },
    Flag("cold", .none, .how, [.run], "each call finds its data out of the caches") {
      o, _ in o.settings.sampling.isCold = true
    },
    Flag("phases", .none, .how, [.run], "also the phases of winograd and fft") {
      o, _ in o.settings.timesPhases = true
    },
    Flag("timeout", .value("SECONDS"), .how, timing, "give a case up after that") {
      $0.settings.sampling.timeout = try Values.seconds($1)
    },
    Flag("seed", .value("N"), .how, comparing, "of data and order; 1") { o, text in
      let seed = try Values.seed(text)
      o.settings.seed = seed
      o.settings.sampling.seed = seed
    },
    Flag("no-check", .none, .how, [.run], "time without checking first") {
      o, _ in o.settings.checks = false
    },
    Flag("kernels", .none, .how, [.machine], "the register tiles on their own, from L1") {
      o, _ in o.measuresKernels = true
    },
    Flag("refresh", .none, .how, [.machine], "measure again what is cached") {
      o, _ in o.refreshes = true
    },
    Flag("candidates", .none, .how, [.list], "tiles that winograd and fft weigh, predicted") {
      o, _ in o.showsCandidates = true
    },
    Flag("dry-run", .none, .how, measuring, "print the cases and stop") {
      o, _ in o.isDryRun = true
    },
  ]

  private static let output: [Flag] = [
    Flag("csv", .value("FILE|-", of: .files), .output, measuring, "a row for each case") {
      $0.csv = $1
    },
    Flag(
      "json", .value("FILE|-", of: .files), .output, comparing, "everything, raw samples included"
    ) {
      $0.json = $1
    },
    Flag("json", .none, .output, [.machine], "write JSON") {
      o, _ in o.writesJSON = true
    },
    Flag("markdown", .value("FILE|-", of: .files), .output, measuring, "tables to paste") {
      $0.markdown = $1
    },
    Flag("html", .value("FILE|-", of: .files), .output, [.report], "where the page goes; needed") {
      $0.html = $1
    },
    Flag("append", .none, .output, measuring, "keep the rows that the CSV file has") {
      o, _ in o.appends = true
    },
    Flag("quiet", .none, .output, comparing, "no table, no progress") {
      o, _ in o.isQuiet = true
    },
    Flag(
      "color", .choice(ColorChoice.allCases.map(\.rawValue), isList: false), .output,
      [.run, .check, .list, .machine, .compare, .gate, .tune], "default: auto"
    ) { o, text in
      guard let color = ColorChoice(rawValue: text) else {
        throw ValueError("'\(text)' is not auto, always or never")
      }
      o.color = color
    },
    Flag("no-progress", .none, .output, comparing, "no progress line") {
      o, _ in o.hidesProgress = true
    },
  ]

  private static let convolution: [Flag] = [
    Flag("src", .value("X.npy", of: .files), .convolution, [.convolve], "source, n×c×h×w or c×h×w")
    {
      $0.src = $1
    },
    Flag("wei", .value("W.npy", of: .files), .convolution, [.convolve], "weights, oc×(ic/g)×kh×kw")
    {
      $0.wei = $1
    },
    Flag("bias", .value("B.npy", of: .files), .convolution, [.convolve], "bias, oc") {
      $0.bias = $1
    },
    Flag("dst", .value("Y.npy", of: .files), .convolution, [.convolve], "where the result goes") {
      $0.dst = $1
    },
    Flag("stride", .value("N|H,W"), .convolution, [.convolve], "default: 1") {
      $0.stride = try Values.pair($1, least: 1)
    },
    Flag("padding", .value("N|H,W|T,L,B,R"), .convolution, [.convolve], "zeros around; 0") {
      $0.padding = try Values.padding($1)
    },
    Flag("dilation", .value("N|H,W"), .convolution, [.convolve], "1 = dense; default: 1") {
      $0.dilation = try Values.pair($1, least: 1)
    },
    Flag("groups", .value("N"), .convolution, [.convolve], "default: 1") {
      $0.groups = try Values.positive($1, "a number of groups")
    },
  ]
}
