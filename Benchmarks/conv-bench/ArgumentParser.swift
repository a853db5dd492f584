import Networks

/// Turns arguments into a command and its options, by the tables of both.
enum ArgumentParser {
  /// Parses all arguments; the first one names the command unless it is a flag.
  static func parse(_ arguments: [String]) throws(CommandError) -> (Command, Options) {
    var rest = arguments[...]
    var options = Options()
    let command = try takeCommand(&rest)
    while let argument = rest.popFirst() {
      switch argument {
      case "--help", "-h":
        options = Options()
        options.subject = command.name.rawValue == arguments.first ? command.name.rawValue : nil
        return (Command.named(.help), options)
      case "--version":
        options = Options()
        options.subject = argument
        return (Command.named(.help), options)
      case _ where argument.hasPrefix("-") && argument != "-":
        try takeFlag(argument, &rest, command, &options)
      default:
        try takeSubject(argument, command, &options)
      }
    }
    return (command, options)
  }

  private static func takeCommand(_ rest: inout ArraySlice<String>) throws(CommandError) -> Command
  {
    guard let first = rest.first, !first.hasPrefix("-") else { return Command.named(.run) }
    guard let name = CommandName(rawValue: first) else {
      let names = CommandName.allCases.map(\.rawValue)
      throw .usage(
        "unknown command '\(first)'\(suggestion(first, names)); there are "
          + names.joined(separator: ", "))
    }
    rest.removeFirst()
    return Command.named(name)
  }

  private static func takeSubject(
    _ argument: String, _ command: Command, _ options: inout Options
  ) throws(CommandError) {
    guard !command.takesFiles else { return options.files.append(argument) }
    guard !command.subjects.isEmpty, options.subject == nil else {
      throw .usage(
        "unexpected argument '\(argument)'; flags begin with --, see conv-bench help \(command.name)"
      )
    }
    guard command.subjects.contains(argument) else {
      throw .usage(
        "\(command.name): unknown '\(argument)'\(suggestion(argument, command.subjects)); there are "
          + command.subjects.joined(separator: ", "))
    }
    options.subject = argument
  }

  private static func takeFlag(
    _ argument: String, _ rest: inout ArraySlice<String>, _ command: Command,
    _ options: inout Options
  ) throws(CommandError) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let written = String(parts[0])
    guard let flag = flag(written, command) else { throw unknownFlag(written, command) }
    var value = parts.count == 2 ? String(parts[1]) : nil
    if case .none = flag.argument {
      guard value == nil else { throw .usage("\(written): takes no value; write \(written) alone") }
      value = ""
    } else if value == nil, let next = rest.first, !next.hasPrefix("--") {
      value = rest.removeFirst()
    }
    guard let value, !value.isEmpty || flag.argument.text == nil else {
      throw .usage("\(written): needs a value; write \(flag.usage)")
    }
    do {
      try flag.apply(&options, value)
    } catch {
      throw .usage("\(written): \(error)")
    }
  }

  private static func flag(_ written: String, _ command: Command) -> Flag? {
    Flag.all.first { "--" + $0.name == written && $0.commands.contains(command.name) }
  }

  private static func unknownFlag(_ written: String, _ command: Command) -> CommandError {
    let others = Flag.all.filter { "--" + $0.name == written }.flatMap(\.commands)
    if !others.isEmpty {
      let names = CommandName.allCases.filter(others.contains).map(\.rawValue)
      return .usage(
        "\(written): \(command.name) does not take it, \(names.joined(separator: " and ")) "
          + (names.count == 1 ? "does" : "do"))
    }
    let names = Flag.all.filter { $0.commands.contains(command.name) }.map { "--" + $0.name }
    return .usage(
      "\(written): unknown flag\(suggestion(written, names)); see conv-bench help \(command.name)")
  }

  /// ` (did you mean X?)`, or nothing.
  static func suggestion(_ name: String, _ names: [String]) -> String {
    nearest(to: name, among: names).first.map { " (did you mean \($0)?)" } ?? ""
  }
}
