/// Completions for bash 4 and later, without the package bash-completion.
struct BashCompletion {
  private let model: CommandLineModel

  init(_ model: CommandLineModel) { self.model = model }

  var script: String {
    """
    \(Shell.heading(.bash))

    # The words of a vocabulary.
    _conv_bench_words() {
      case $1 in
    \(cases(model.vocabularies.map { ("\($0)", "echo '\($0.words.joined(separator: " "))'") }))
      esac
    }

    # The flags of a command.
    _conv_bench_flags() {
      case $1 in
    \(cases(model.commands.map { ("\($0.name)", "echo '\(flags($0))'") }))
      esac
    }

    # What may stand in a command without a flag.
    _conv_bench_subjects() {
      case $1 in
    \(cases(model.commands.filter { !$0.subjects.isEmpty }.map {
      ("\($0.name)", "echo '\($0.subjects.joined(separator: " "))'")
    }))
      esac
    }

    # What a flag of a command takes: files, free, or one|list with the words; nothing for a switch.
    _conv_bench_value() {
      case $1 in
    \(cases(model.commands.flatMap(values)))
      esac
    }

    _conv_bench() {
      local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
      local command=run flag='' value='' start='' tail
      COMPREPLY=()
      ((COMP_CWORD > 1)) && [[ "${COMP_WORDS[1]}" != -* ]] && command="${COMP_WORDS[1]}"
      # bash takes --flag=value apart at the equals sign, unless COMP_WORDBREAKS lacks it.
      if [[ "$current" == = ]]; then
        flag="$previous" current=''
      elif [[ "$previous" == = ]]; then
        flag="${COMP_WORDS[COMP_CWORD-2]}"
      elif [[ "$current" == --*=* ]]; then
        flag="${current%%=*}" start="${current%%=*}=" current="${current#*=}"
      elif [[ "$previous" == --* ]]; then
        flag="$previous"
      fi
      [[ -n "$flag" ]] && value="$(_conv_bench_value "$command$flag")"
      case $value in
        free) return ;;
        files)
          compopt -o filenames
          mapfile -t COMPREPLY < <(compgen -P "$start" -f -- "$current")
          return
          ;;
        list*)
          tail="${current##*,}"
          compopt -o nospace
          mapfile -t COMPREPLY < <(
            compgen -P "$start${current%"$tail"}" -W "${value#* }" -- "$tail")
          return
          ;;
        one*)
          mapfile -t COMPREPLY < <(compgen -P "$start" -W "${value#* }" -- "$current")
          return
          ;;
      esac
      if [[ "$current" == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_conv_bench_flags "$command")" -- "$current")
      elif ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(
          compgen -W '\(model.commands.map(\.name.rawValue).joined(separator: " "))' -- "$current")
      else
        case $command in
          \(model.commands.filter { $0.files > 0 }.map(\.name.rawValue).joined(separator: "|")))
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            ;;
          *) mapfile -t COMPREPLY < <(
            compgen -W "$(_conv_bench_subjects "$command")" -- "$current") ;;
        esac
      fi
    }

    complete -F _conv_bench conv-bench

    """
  }

  private func cases(_ rows: [(pattern: String, body: String)]) -> String {
    rows.map { "    \($0.pattern)) \($0.body) ;;" }.joined(separator: "\n")
  }

  private func flags(_ command: Command) -> String {
    (model.flags(of: command).map { "--\($0.name)" } + ["--help"]).joined(separator: " ")
  }

  private func values(_ command: Command) -> [(pattern: String, body: String)] {
    model.flags(of: command).compactMap { flag in
      value(flag).map { ("\(command.name)--\(flag.name)", $0) }
    }
  }

  private func value(_ flag: Flag) -> String? {
    let count = flag.argument.isList ? "list" : "one"
    switch flag.argument {
    case .none: return nil
    case .value(_, .free): return "echo free"
    case .value(_, .files): return "echo files"
    case .value(_, let vocabulary): return "echo \"\(count) $(_conv_bench_words \(vocabulary))\""
    case .choice(let words, _): return "echo '\(count) \(words.joined(separator: " "))'"
    }
  }
}
