import Convolution

/// A list of problems in a benchdnn batch file.
///
/// Each line holds options and problems separated by blanks; `#` starts a comment. `--mb=N` sets
/// the batch of the problems after it, `--mb=0` and `--reset` end that. What other options say has
/// no counterpart here: each is told in `notices`, never skipped in silence.
public struct BatchFile: Sendable {
  /// The problems in the order of the file.
  public var problems: [ParsedProblem] { numberedProblems.map(\.problem) }
  /// One line each, `file:line: …`, about what was not taken as benchdnn takes it.
  public private(set) var notices: [String] = []

  /// The problems with the line of each, counted from 1.
  private(set) var numberedProblems: [(line: Int, problem: ParsedProblem)] = []
  private var mb: Int?

  /// Reads a whole file; `file` is its name, for errors and notices.
  ///
  /// - Throws: `BatchFileError` with the line of the first problem that cannot be read.
  public static func parse(text: String, file: String) throws(BatchFileError) -> BatchFile {
    var result = BatchFile()
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      for word in words(line) {
        do {
          try result.take(word, file: file, line: index + 1)
        } catch {
          throw BatchFileError(file: file, line: index + 1, cause: error)
        }
      }
    }
    return result
  }

  private mutating func take(
    _ word: String, file: String, line: Int
  ) throws(ProblemError) {
    if word.hasPrefix("-") {
      if !takeBatchOption(word) {
        notices.append("\(file):\(line): \(word) has no counterpart here and is ignored")
      }
      return
    }
    let fields = try DescriptorFields(word)
    let parsed = try fields.resolve()
    if fields.isWidthOnly {
      notices.append(
        "\(file):\(line): \(word) gives only the width; taken as square (benchdnn: one-dimensional)"
      )
    }
    let problem = if let mb { try parsed.problem.with(mb: mb) } else { parsed.problem }
    let named = ParsedProblem(
      problem: problem, name: parsed.name, multiplicity: parsed.multiplicity)
    numberedProblems.append((line, named))
  }

  /// Obeys an option that sets or restores the batch; returns whether it is one.
  private mutating func takeBatchOption(_ option: String) -> Bool {
    if option == "--reset" {
      mb = nil
      return true
    }
    guard option.hasPrefix("--mb="), let value = Int(option.dropFirst(5)), value >= 0 else {
      return false
    }
    mb = value == 0 ? nil : value
    return true
  }

  /// The words of a line without its comment; neither blanks nor `#` count inside quotes.
  private static func words(_ line: Substring) -> [String] {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    for character in line {
      if character == "\"" { isQuoted.toggle() }
      if !isQuoted && character == "#" { break }
      if !isQuoted && character.isWhitespace {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else {
        word.append(character)
      }
    }
    return word.isEmpty ? words : words + [word]
  }
}

/// A line of a file that cannot be read as problems.
public struct BatchFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file's name as given.
  public let file: String
  /// Counted from 1.
  public let line: Int
  /// What is wrong with the problem.
  public let cause: ProblemError

  /// Creates an error about a line.
  public init(file: String, line: Int, cause: ProblemError) {
    self.file = file
    self.line = line
    self.cause = cause
  }

  /// `file:line: field: what is wrong`.
  public var description: String { "\(file):\(line): \(cause)" }
}
