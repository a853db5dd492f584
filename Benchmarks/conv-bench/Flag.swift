/// One flag of the command line: the table of these gives parsing, help and suggestions.
struct Flag: Sendable {
  /// What follows a flag.
  enum Argument: Sendable {
    /// Nothing: a switch.
    case none
    /// A value, called so in the help; what a shell can offer for it.
    case value(String, of: Vocabulary = .free)
    /// One of these; several with commas if it says so.
    case choice([String], isList: Bool)

    /// As the help shows it.
    var text: String? {
      switch self {
      case .none: nil
      case .value(let name, _): name
      case .choice(let names, let isList): names.joined(separator: "|") + (isList ? "[,…]" : "")
      }
    }
  }

  /// The heading under which the help lists a flag.
  enum Group: String, CaseIterable, Sendable {
    case what = "WHAT"
    case how = "HOW"
    case output = "OUTPUT"
    case convolution = "CONVOLUTION"
    case comparison = "COMPARISON"
  }

  /// Without its hyphens.
  let name: String
  /// What follows it.
  let argument: Argument
  /// Its heading in the help.
  let group: Group
  /// Commands that take it.
  let commands: Set<CommandName>
  /// What it does, in half a line.
  let help: String
  /// Puts the value into the options; throws what is wrong with it, without the flag's name.
  let apply: @Sendable (inout Options, String) throws -> Void

  init(
    _ name: String, _ argument: Argument, _ group: Group, _ commands: Set<CommandName>,
    _ help: String, _ apply: @escaping @Sendable (inout Options, String) throws -> Void
  ) {
    self.name = name
    self.argument = argument
    self.group = group
    self.commands = commands
    self.help = help
    self.apply = apply
  }

  /// `--layer NAME`.
  var usage: String { "--\(name)" + (argument.text.map { " " + $0 } ?? "") }
}

/// What is wrong with a flag's value, and what would be right.
struct ValueError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
