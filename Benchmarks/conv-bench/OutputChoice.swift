import Foundation
import Reporting

/// Where reports go, and how they look there.
enum OutputChoice {
  /// Refuses outputs that exclude each other.
  static func validate(_ options: Options) throws(CommandError) {
    let outputs = [
      ("--csv", options.csv), ("--json", options.json), ("--markdown", options.markdown),
    ]
    var places: [String: String] = [:]
    for case (let flag, let path?) in outputs {
      let place = path == "-" ? "standard output" : path
      if let other = places.updateValue(flag, forKey: path == "-" ? path : file(path)) {
        throw .usage("\(flag): \(place) is taken by \(other); give each its own file")
      }
    }
    guard !options.appends || (options.csv != nil && options.csv != "-") else {
      throw .usage("--append: needs --csv FILE to append to")
    }
  }

  /// The file that a path leads to, however it is spelt: links are followed, also those of its folder.
  private static func file(_ path: String) -> String {
    func resolved(_ path: String) -> String? {
      realpath(path, nil).map { pointer in
        defer { free(pointer) }
        return String(cString: pointer)
      }
    }
    let url = URL(fileURLWithPath: path)
    return resolved(path)
      ?? (resolved(url.deletingLastPathComponent().path) ?? "") + "/" + url.lastPathComponent
  }

  /// Whether a machine format has standard output.
  static func usesStandardOutput(_ options: Options) -> Bool {
    [options.csv, options.json, options.markdown].contains("-")
  }

  /// Characters of a line on standard output.
  static var width: Int { Console.width(STDOUT_FILENO) ?? TerminalTable.defaultWidth }

  /// Colours for standard output.
  static func style(_ options: Options) -> TerminalStyle {
    TerminalStyle(
      options.color, isTerminal: Console.isTerminal(STDOUT_FILENO),
      environment: ProcessInfo.processInfo.environment)
  }

  /// The table for people on standard output.
  static func table(_ options: Options) -> TerminalTable {
    TerminalTable(width: width, style: style(options))
  }

  /// The progress line on standard error.
  static func progress(_ options: Options) -> ProgressLine {
    let isShown =
      !options.hidesProgress && !options.isQuiet && Console.isTerminal(STDERR_FILENO)
      && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    return ProgressLine(isEnabled: isShown, width: Console.width(STDERR_FILENO) ?? 80) {
      Console.standardError($0)
    }
  }
}
