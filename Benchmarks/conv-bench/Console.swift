import Foundation
import Networks
import Reporting

/// Standard output and standard error as the command uses them.
enum Console {
  /// Writes to standard output.
  static func print(_ text: String) throws(OutputError) {
    try OutputFile(path: "-").write(text)
  }

  /// One line of advice or trouble on standard error, without control characters.
  static func note(_ kind: String, _ message: String) {
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    standardError("conv-bench: \(kind): \(line.printable)\n")
  }

  /// Writes to standard error; what cannot be written there cannot be told either.
  static func standardError(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// Whether a standard stream is a terminal.
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// Characters of a terminal's line; nil if it is none or does not say.
  static func width(_ descriptor: Int32) -> Int? {
    var size = winsize()
    guard isTerminal(descriptor), ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0
    else { return nil }
    return Int(size.ws_col)
  }
}
