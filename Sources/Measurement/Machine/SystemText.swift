import Foundation

/// Reads the small text files in which Linux describes itself.
enum SystemText {
  /// The file's text without surrounding white space; nil if it cannot be read.
  static func read(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map {
      String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  /// The whole number in a file.
  static func number(_ path: String) -> Int? { read(path).flatMap(Int.init) }

  /// `key: value` lines (also with blanks before the colon) as a dictionary; the first of equal keys
  /// counts.
  static func fields(_ text: some StringProtocol) -> [String: String] {
    var fields: [String: String] = [:]
    for line in text.split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let key = line[..<colon].trimmingCharacters(in: .whitespaces)
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      if fields[key] == nil { fields[key] = value }
    }
    return fields
  }

  /// What the kernel calls itself, and this machine.
  static func systemName() -> (system: String, host: String, release: String, machine: String) {
    var name = utsname()
    uname(&name)
    func text<Field>(_ field: Field) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return (text(name.sysname), text(name.nodename), text(name.release), text(name.machine))
  }
}
