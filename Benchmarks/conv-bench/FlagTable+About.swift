extension Flag {
  /// The flags of `help`: conv-bench itself in the forms that other programs read.
  static let about: [Flag] = [
    Flag(
      "completion", .choice(Shell.allCases.map(\.rawValue), isList: false), .output, [.help],
      "write the completions of a shell"
    ) { o, text in
      guard let shell = Shell(rawValue: text) else {
        let names = Shell.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValueError("'\(text)' is no shell that has completions; there are \(names)")
      }
      o.completionShell = shell
    },
    Flag("man", .none, .output, [.help], "write the manual page") {
      o, _ in o.writesManual = true
    },
  ]
}
