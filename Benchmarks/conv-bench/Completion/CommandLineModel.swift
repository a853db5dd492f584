/// The tables of commands and flags as generators of completions and of the manual page see them.
struct CommandLineModel {
  /// Every command.
  let commands: [Command]
  /// Every flag.
  let flags: [Flag]

  /// Those of this program.
  static let current = CommandLineModel(commands: Command.all, flags: Flag.all)

  /// The flags of a command, `--help` not among them.
  func flags(of command: Command) -> [Flag] {
    flags.filter { $0.commands.contains(command.name) }
  }

  /// Every vocabulary that is a list of words.
  var vocabularies: [Vocabulary] { Vocabulary.allCases.filter { !$0.words.isEmpty } }
}

/// A shell that completes command lines.
enum Shell: String, CaseIterable {
  case bash, zsh, fish

  /// The script that makes the shell complete `conv-bench`.
  func script(_ model: CommandLineModel) -> String {
    switch self {
    case .bash: BashCompletion(model).script
    case .zsh: ZshCompletion(model).script
    case .fish: FishCompletion(model).script
    }
  }

  /// The first line of each script's comment.
  static func heading(_ shell: Shell) -> String {
    "# Completions of conv-bench \(Command.version), written by: conv-bench help --completion \(shell)"
  }

  /// A word in single quotes.
  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }
}
