/// Completions for fish.
struct FishCompletion {
  private let model: CommandLineModel

  init(_ model: CommandLineModel) { self.model = model }

  var script: String {
    """
    \(Shell.heading(.fish))

    function __conv_bench_is -d 'whether the command is one of these'
        set -l words (commandline -opc)
        set -l command run
        if test (count $words) -gt 1; and not string match -q -- '-*' $words[2]
            set command $words[2]
        end
        contains -- $command $argv
    end

    function __conv_bench_is_first -d 'whether nothing follows conv-bench yet'
        test (count (commandline -opc)) -eq 1
    end

    function __conv_bench_list -d 'words after those of the list that are there'
        set -l head (commandline -ct | string replace -r '^--[^=]*=' '' | string match -r '.*,')
        set -q head[1]; or set head ''
        printf '%s\\n' $head$argv
    end

    \(model.vocabularies.map(function).joined(separator: "\n"))

    complete -c conv-bench -f
    \(model.commands.map(command).joined(separator: "\n"))
    \(model.commands.compactMap(subjects).joined(separator: "\n"))
    complete -c conv-bench -l help -d 'tell what it takes'
    \(model.flags.map(flag).joined(separator: "\n"))

    """
  }

  private func function(_ vocabulary: Vocabulary) -> String {
    """
    function __conv_bench_\(vocabulary)
        string split ' ' '\(vocabulary.words.joined(separator: " "))'
    end
    """
  }

  private func command(_ command: Command) -> String {
    "complete -c conv-bench -n __conv_bench_is_first -a \(command.name) -d "
      + Shell.quoted(command.summary)
  }

  private func subjects(_ command: Command) -> String? {
    let condition = "complete -c conv-bench -n 'not __conv_bench_is_first; and __conv_bench_is "
    if command.files > 0 { return condition + "\(command.name)' -F" }
    guard !command.subjects.isEmpty else { return nil }
    return condition + "\(command.name)' -a '\(command.subjects.joined(separator: " "))'"
  }

  private func flag(_ flag: Flag) -> String {
    let commands = model.commands.map(\.name).filter(flag.commands.contains)
    let names = commands.map(\.rawValue).joined(separator: " ")
    return "complete -c conv-bench -n '__conv_bench_is \(names)' -l \(flag.name)\(value(flag)) -d "
      + Shell.quoted(flag.help)
  }

  private func value(_ flag: Flag) -> String {
    let words: String
    switch flag.argument {
    case .none: return ""
    case .value(_, .free): return " -x"
    case .value(_, .files): return " -r -F"
    case .value(_, let vocabulary): words = "(__conv_bench_\(vocabulary))"
    case .choice(let names, _): words = names.joined(separator: " ")
    }
    return " -x -a '" + (flag.argument.isList ? "(__conv_bench_list \(words))" : words) + "'"
  }
}
