/// Completions for zsh: a function `_conv-bench` for a folder of `fpath`.
struct ZshCompletion {
  private let model: CommandLineModel

  init(_ model: CommandLineModel) { self.model = model }

  var script: String {
    """
    #compdef conv-bench
    \(Shell.heading(.zsh))

    \(model.vocabularies.map(function).joined(separator: "\n"))

    _conv-bench() {
      local command=run
      local -a commands
      commands=(
    \(model.commands.map { "    " + Shell.quoted("\($0.name):\($0.summary)") }.joined(separator: "\n"))
      )
      if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
        _describe -t commands command commands
        return
      fi
      if [[ $words[2] != -* ]]; then
        command=$words[2]
        shift words
        (( CURRENT-- ))
      fi
      case $command in
    \(model.commands.map(arguments).joined(separator: "\n"))
      esac
    }

    _conv-bench "$@"

    """
  }

  /// `$1` is one or list.
  private func function(_ vocabulary: Vocabulary) -> String {
    """
    _conv_bench_\(vocabulary)() {
      local -a names
      names=(\(vocabulary.words.joined(separator: " ")))
      if [[ $1 == list ]]; then _sequence compadd - $names; else compadd -a names; fi
    }
    """
  }

  private func arguments(_ command: Command) -> String {
    var specifications = model.flags(of: command).map(specification)
    specifications.append("'(- *)--help[tell what it takes]'")
    if command.files > 0 {
      specifications.append("'*:file:_files'")
    } else if !command.subjects.isEmpty {
      specifications.append("':what:(\(command.subjects.joined(separator: " ")))'")
    }
    return "    \(command.name))\n      _arguments \\\n"
      + specifications.map { "        " + $0 }.joined(separator: " \\\n") + "\n      ;;"
  }

  private func specification(_ flag: Flag) -> String {
    let help = escaped(flag.help)
    guard let text = flag.argument.text else { return Shell.quoted("--\(flag.name)[\(help)]") }
    return Shell.quoted("*--\(flag.name)=[\(help)]:\(escaped(text)):\(action(flag))")
  }

  private func action(_ flag: Flag) -> String {
    let count = flag.argument.isList ? "list" : "one"
    switch flag.argument {
    case .none, .value(_, .free): return " "
    case .value(_, .files): return "_files"
    // The blank keeps _arguments from putting options of its own before the arguments.
    case .value(_, let vocabulary): return " _conv_bench_\(vocabulary) \(count)"
    case .choice(let words, true): return " _sequence compadd - \(words.joined(separator: " "))"
    case .choice(let words, false): return "(\(words.joined(separator: " ")))"
    }
  }

  /// Text in a specification, in which brackets and colons mean something.
  private func escaped(_ text: String) -> String {
    text.map { "[]:\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
  }
}
