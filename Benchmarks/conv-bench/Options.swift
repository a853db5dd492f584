import Backends
import Convolution
import Measurement
import Networks
import Reporting

/// Everything that the command line says; a flag's row in `Flag.all` sets its property.
struct Options {
  // What.
  var layers: [String] = []
  var networks: [String] = []
  var problems: [ParsedProblem] = []
  var batchFiles: [String] = []
  var batchSizes: [Int] = []
  var filter: CaseFilter?

  // How.
  var backends: [String] = []
  var variant: String?
  var threads: [Int] = []
  var isa: InstructionSet?
  var layouts: [LayoutRequest] = []
  var computesBias = false
  var appliesReLU = false
  var rigor = PlanningRigor.measure
  var settings = RunSettings()
  var isDryRun = false

  /// Whether `list` shows what backends choose among.
  var showsCandidates = false

  // What auto knows, and what it and other choosers may take.
  var tuning: String?
  var maxError = PlanOptions.defaultMaxError

  // Output.
  var csv: String?
  var json: String?
  var markdown: String?
  var appends = false
  var isQuiet = false
  var color = ColorChoice.auto
  var hidesProgress = false

  // One convolution.
  var src: String?
  var wei: String?
  var bias: String?
  var dst: String?
  var stride = (h: 1, w: 1)
  var dilation = (h: 1, w: 1)
  var padding = (top: 0, left: 0, bottom: 0, right: 0)
  var groups = 1

  // Result files, and the page made of them.
  var files: [String] = []
  var html: String?

  // The gate.
  var base: String?
  var baseRevision: String?
  var baseline: String?
  var isEnforced = false
  var noiseThreshold = 0.05
  var timeLimit = 1800.0

  // Comparing.
  var isStrict = false

  /// Whether `machine` writes JSON.
  var writesJSON = false
  /// Whether `machine` measures even what is cached.
  var refreshes = false
  var measuresKernels = false
  /// The shell whose completions `help` writes.
  var completionShell: Shell?
  /// Whether `help` writes the manual page.
  var writesManual = false
  /// What stands without a flag: the kind of list, the command to explain.
  var subject: String?
}
