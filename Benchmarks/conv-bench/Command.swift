import Foundation
import Reporting

/// The names of the commands.
enum CommandName: String, CaseIterable, Sendable {
  case run, list, check, machine, compare, gate, convolve, tune, report, help
}

/// A command: what it is for and what it does.
struct Command: Sendable {
  /// The version of conv-bench.
  static let version = "0.1.0"

  /// Its name.
  let name: CommandName
  /// What stands after the name.
  let synopsis: String
  /// What it does, in a line.
  let summary: String
  /// What may stand without a flag; empty if nothing.
  let subjects: [String]
  /// How many files it takes at most, without flags.
  var files = 0
  /// Does it.
  let run: @Sendable (Options) throws -> ExitStatus

  /// Every command, in the order of the help.
  static let all: [Command] = [
    Command(
      name: .run, synopsis: "[WHAT] [HOW] [OUTPUT]", summary: "check, time, report; default",
      subjects: [], run: RunCommand.run),
    Command(
      name: .list, synopsis: "layers|networks|backends [WHAT]",
      summary: "names; who takes a --layer",
      subjects: ListCommand.Kind.allCases.map(\.rawValue), run: ListCommand.run),
    Command(
      name: .check, synopsis: "[WHAT] [HOW] [OUTPUT]", summary: "correctness only, no timing",
      subjects: [], run: RunCommand.check),
    Command(
      name: .machine, synopsis: "[--json] [--kernels]",
      summary: "CPU, caches, peak, libraries", subjects: [],
      run: MachineCommand.run),
    Command(
      name: .compare, synopsis: "OLD NEW", summary: "two result files", subjects: [], files: 2,
      run: CompareCommand.run),
    Command(
      name: .gate, synopsis: "--base PATH [WHAT] [HOW]", summary: "has it got slower?",
      subjects: [], run: GateCommand.run),
    Command(
      name: .convolve, synopsis: "--src X --wei W --dst Y",
      summary: "on NumPy files", subjects: [], run: ConvolveCommand.run),
    Command(
      name: .tune, synopsis: "[WHAT] [HOW]", summary: "measure what auto chooses by",
      subjects: [], run: RunCommand.tune),
    Command(
      name: .report, synopsis: "RESULTS… --html FILE", summary: "result files as one page",
      subjects: [], files: Int.max, run: ReportCommand.run),
    Command(
      name: .help, synopsis: "[COMMAND]", summary: "this, flags, completions",
      subjects: CommandName.allCases.map(\.rawValue), run: HelpCommand.run),
  ]

  /// The command of that name.
  static func named(_ name: CommandName) -> Command { all.first { $0.name == name }! }

  /// Runs what the arguments, without the program's name, ask for.
  static func main(_ arguments: [String]) -> ExitStatus {
    Interruption.shared.start()
    do {
      return try perform(arguments)
    } catch let error as CommandError {
      Console.note("error", error.message)
      return error.status
    } catch let error as OutputError {
      // Whoever reads the output has had enough: nobody is told, as other tools do.
      if error.isClosedPipe { return .interrupted(signal: SIGPIPE) }
      Console.note("error", error.description)
      return .usage
    } catch {
      Console.note("error", "\(error)")
      return .usage
    }
  }

  private static func perform(_ arguments: [String]) throws -> ExitStatus {
    let (command, options) = try ArgumentParser.parse(arguments)
    return try command.run(options)
  }
}
