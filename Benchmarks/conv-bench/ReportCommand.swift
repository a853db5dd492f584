import Foundation

/// `report`: result files as one HTML page, by `scripts/report.py`.
///
/// Python draws the page because that is where the charting libraries are; nothing else of conv-bench
/// needs it.
struct ReportCommand {
  private let options: Options

  /// Becomes the Python program, whose exit code is then the command's.
  static func run(_ options: Options) throws -> ExitStatus {
    try ReportCommand(options: options).perform()
  }

  private func perform() throws -> ExitStatus {
    guard !options.files.isEmpty else {
      throw CommandError.usage("report: no result files; see conv-bench help report")
    }
    guard let page = options.html else {
      throw CommandError.usage("--html: missing; report needs --html FILE")
    }
    let root = try Self.root()
    let python = try Self.python(root)
    // Names that begin with a hyphen are files here, too.
    let files = options.files.map { $0.hasPrefix("-") ? "./" + $0 : $0 }
    let arguments = [python, root + "/" + Self.script, "--html=" + page, "--"] + files
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    pointers.append(nil)
    execv(python, pointers)
    throw CommandError.unmeasured("cannot run \(python): \(String(cString: strerror(errno)))")
  }

  private static let script = "scripts/report.py"

  /// The folder with the script: `CONV_BENCH_SHARE`, the checkout that the executable was built in, or
  /// `share/conv-bench` beside an installed executable's `bin`.
  private static func root() throws(CommandError) -> String {
    if let share = ProcessInfo.processInfo.environment["CONV_BENCH_SHARE"], !share.isEmpty {
      guard hasScript(share) else {
        throw .unmeasured("CONV_BENCH_SHARE: no \(script) in \(share)")
      }
      return share
    }
    let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    var folder = executable.deletingLastPathComponent()
    let installed = folder.deletingLastPathComponent().appendingPathComponent("share/conv-bench")
    if hasScript(installed.path) { return installed.path }
    while folder.path != "/" {
      if hasScript(folder.path) { return folder.path }
      folder.deleteLastPathComponent()
    }
    throw .unmeasured(
      "\(script) is not beside \(executable.path); set CONV_BENCH_SHARE to a checkout of conv-bench"
    )
  }

  private static func hasScript(_ folder: String) -> Bool {
    access(folder + "/" + script, R_OK) == 0
  }

  /// The interpreter: `CONV_BENCH_PYTHON`, the one of `scripts/setup-report`, or the one on PATH.
  private static func python(_ root: String) throws(CommandError) -> String {
    let environment = ProcessInfo.processInfo.environment
    if let python = environment["CONV_BENCH_PYTHON"], !python.isEmpty {
      guard access(python, X_OK) == 0 else {
        throw .unmeasured("CONV_BENCH_PYTHON: cannot run \(python)")
      }
      return python
    }
    let folders = (environment["PATH"] ?? "").split(separator: ":")
    let places = [root + "/.build/report-venv/bin/python"] + folders.map { $0 + "/python3" }
    guard let python = places.first(where: { access($0, X_OK) == 0 }) else {
      throw .unmeasured(
        "Python 3 is missing; install it (apt-get install python3-venv), then run "
          + "\(root)/scripts/setup-report")
    }
    return python
  }
}
