/// How the command ends; scripts rely on the codes.
enum ExitStatus: Equatable {
  /// Done, all checks passed.
  case success
  /// A wrong result, or a regression.
  case wrong
  /// Wrong usage, a bad file, an unknown name.
  case usage
  /// Something could not be measured.
  case unmeasured
  /// Ended by a signal after what was finished had been written.
  case interrupted(signal: Int32)

  /// The process's exit code.
  var code: Int32 {
    switch self {
    case .success: 0
    case .wrong: 1
    case .usage: 2
    case .unmeasured: 3
    case .interrupted(let signal): 128 + signal
    }
  }
}

/// Ends the command with one line on standard error.
struct CommandError: Error, Equatable {
  /// What is wrong, the value and the remedy.
  let message: String
  /// How the command ends.
  let status: ExitStatus

  /// Wrong usage, a bad file, an unknown name.
  static func usage(_ message: String) -> CommandError {
    CommandError(message: message, status: .usage)
  }

  /// Nothing could be measured.
  static func unmeasured(_ message: String) -> CommandError {
    CommandError(message: message, status: .unmeasured)
  }
}
