/// The manual page, in the macros that both groff and mandoc read.
struct ManualPage {
  private let model: CommandLineModel

  init(_ model: CommandLineModel) { self.model = model }

  var text: String {
    let synopsis = model.commands.map { command in
      let name = command.name == .run ? "[run]" : command.name.rawValue
      return ".B conv-bench\n\(escaped("\(name) \(command.synopsis)"))\n"
    }
    return ".TH CONV-BENCH 1 \"\" \"conv-bench \(Command.version)\" \"User Commands\"\n"
      + section("NAME", "conv-bench \\- check and time convolution algorithms on this machine\n")
      + section("SYNOPSIS", synopsis.joined(separator: ".br\n"))
      + section("DESCRIPTION", paragraph(Self.description))
      + section("COMMANDS", model.commands.map { entry("\($0.name)", $0.summary) }.joined())
      + section("OPTIONS", Flag.Group.allCases.map(options).joined())
      + section("EXAMPLES", HelpCommand.examples.map(example).joined(separator: ".PP\n"))
      + section("EXIT STATUS", entries(Self.exitCodes))
      + section("ENVIRONMENT", entries(Self.variables))
      + section("FILES", entries(Self.files))
      + section(
        "SEE ALSO", paragraph("The documentation of the source tree, in its folder docs."))
  }

  // MARK: What the tables of the command line do not say

  private static let description =
    "conv-bench answers which convolution algorithm is fastest on this machine for a layer, how close"
    + " it is to what the machine can do, how accurate it is, and whether it has got slower. Without a"
    + " command it runs: it checks each backend against a naive reference, times it, and prints a"
    + " table. A value may follow its flag or an equals sign."

  private static let exitCodes = [
    ("0", "Done; all checks passed."),
    ("1", "A wrong result (run, check), or a regression (gate)."),
    ("2", "Wrong usage, a bad file, an unknown name."),
    ("3", "Something could not be measured."),
    ("130, 143", "Stopped by SIGINT or SIGTERM, after finished rows were written."),
  ]

  private static let variables = [
    ("NO_COLOR", "If set, output has no colours unless --color says so."),
    ("XDG_CACHE_HOME", "Where machine keeps its rates, instead of ~/.cache."),
    ("CONV_BENCH_PYTHON", "The Python interpreter of report."),
    ("CONV_BENCH_SHARE", "The folder that holds scripts/report.py."),
    ("OPENBLAS_CORETYPE", "Makes OpenBLAS run the kernels of another CPU; a run warns."),
  ]

  private static let files = [
    ("$XDG_CACHE_HOME/conv-bench/machine.json", "The rates that machine measured last.")
  ]

  // MARK: Macros

  private func section(_ title: String, _ body: String) -> String { ".SH \(title)\n\(body)" }

  /// A line for each sentence, as writers of manual pages do.
  private func paragraph(_ text: String) -> String {
    escaped(text).split(separator: ". ").joined(separator: ".\n") + "\n"
  }

  private func entries(_ rows: [(String, String)]) -> String {
    rows.map { entry($0.0, $0.1) }.joined()
  }

  private func entry(_ name: String, _ text: String) -> String {
    ".TP\n\\fB\(escaped(name))\\fR\n\(escaped(text))\n"
  }

  private func options(_ group: Flag.Group) -> String {
    let flags = model.flags.filter { $0.group == group }
    return ".SS \(group.rawValue)\n"
      + flags.map { flag in
        let value = flag.argument.text.map { " \\fI\(escaped($0))\\fR" } ?? ""
        let commands = model.commands.map(\.name.rawValue).filter { name in
          flag.commands.contains { $0.rawValue == name }
        }
        return ".TP\n\\fB\(escaped("--\(flag.name)"))\\fR\(value)\n"
          + "\(escaped("\(flag.help) (\(commands.joined(separator: ", ")))"))\n"
      }.joined()
  }

  private func example(_ line: String, _ comment: String) -> String {
    (comment.isEmpty ? "" : escaped(comment) + ":\n") + ".EX\n\(escaped(line))\n.EE\n"
  }

  /// Text that no macro and no escape can come from; characters beyond ASCII by their numbers.
  private func escaped(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\\": "\\e"
      case "-": "\\-"
      case "'": "\\(aq"
      case "`": "\\(ga"
      case "^": "\\(ha"
      case "~": "\\(ti"
      case _ where scalar.isASCII: String(scalar)
      default:
        "\\[u" + String(repeating: "0", count: max(0, 4 - String(scalar.value, radix: 16).count))
          + String(scalar.value, radix: 16, uppercase: true) + "]"
      }
    }.joined()
    return escaped.first == "." ? "\\&" + escaped : escaped
  }
}
