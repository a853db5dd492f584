import Foundation
import Reporting

/// `help`: everything on one screen, or the flags of one command.
enum HelpCommand {
  /// Prints the help, the version, or what shells and `man` read.
  static func run(_ options: Options) throws -> ExitStatus {
    try Console.print(text(options))
    return .success
  }

  private static func text(_ options: Options) -> String {
    if let shell = options.completionShell { return shell.script(CommandLineModel.current) }
    if options.writesManual { return ManualPage(CommandLineModel.current).text }
    switch options.subject {
    case "--version": return "conv-bench \(Command.version)\n"
    case nil: return overview
    case let name?: return text(Command.named(CommandName(rawValue: name)!))
    }
  }

  /// Command lines to start from, and what they do.
  static let examples = [
    ("conv-bench --layer vgg-conv3 --csv vgg.csv", "a block of VGG-16"),
    ("conv-bench --network resnet50 --backend direct,im2col --threads 1,2", ""),
    ("conv-bench --problem mb1ic64ih56oc128kh3ph1 --backend winograd-f4", ""),
    ("conv-bench list backends --layer alexnet-conv1", "who takes it, or why not"),
  ]

  /// Commands, examples and the flags of `run`.
  static var overview: String {
    var text = "Which convolution algorithm is fastest on this machine, for this layer?\n\nUSAGE\n"
    for command in Command.all {
      text += entry("conv-bench \(command.name) \(command.synopsis)", command.summary, column: 51)
    }
    text += "\nEXAMPLES\n"
    for (line, comment) in examples { text += entry(line, comment, column: 51) }
    let names = special.map { "--\($0)" }
    let more = [names.prefix(6), names.dropFirst(6)].map { $0.joined(separator: ", ") }
    return text + flags(of: .run, except: special)
      + "\nMore by help run: \(more[0]),\n  \(more[1])\n" + exitCodes
  }

  /// Flags of `run` that the overview only names, so that it fits a screen.
  private static let special = [
    "variant", "bias", "relu", "tuning", "seed", "append", "max-error", "fftw-rigor", "warmup",
    "timeout", "phases", "no-progress",
  ]

  private static func text(_ command: Command) -> String {
    "conv-bench \(command.name) \(command.synopsis)\n  \(command.summary)\n"
      + flags(of: command.name)
  }

  private static func flags(of command: CommandName, except others: [String] = []) -> String {
    Flag.Group.allCases.map { group in
      let flags = Flag.all.filter {
        $0.group == group && $0.commands.contains(command) && !others.contains($0.name)
      }
      guard !flags.isEmpty else { return "" }
      return "\n\(group.rawValue)\n"
        + flags.map { entry($0.usage, $0.help, column: 34) }.joined()
    }.joined()
  }

  private static func entry(_ left: String, _ right: String, column: Int) -> String {
    let padding = String(repeating: " ", count: max(2, column - 2 - left.count))
    return "  " + left + (right.isEmpty ? "" : padding + right) + "\n"
  }

  private static let exitCodes = """

    Exit codes: 0 done; 1 wrong; 2 usage, bad file; 3 not measured; 128 + signal

    """
}
