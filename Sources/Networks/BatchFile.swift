import Convolution

/// A list of problems in a benchdnn batch file.
///
/// Each line holds options and problems separated by blanks; `#` starts a comment, a `\` at the end
/// goes on in the next line. `--mb=N` sets the batch of the problems after it, `--mb=0` and
/// `--reset` end that. `notices` tells of everything else, so that nothing is skipped in silence:
///
/// - other options, which have no counterpart here, and 3-D problems are left out;
/// - an output that contradicts an explicit padding prevails, as in benchdnn, where
///   `ProblemDescriptor.parse` refuses it: the rest of the padding goes to the bottom or right;
/// - a problem that gives only the width is square; to benchdnn it is one-dimensional.
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
    for (line, words) in numberedWords(text) {
      for word in words {
        do {
          if let notice = try result.take(word, line: line) {
            result.notices.append("\(file):\(line): \(notice)")
          }
        } catch {
          throw BatchFileError(file: file, line: line, cause: error)
        }
      }
    }
    return result
  }

  /// Takes an option or a problem; returns what there is to tell about it.
  private mutating func take(_ word: String, line: Int) throws(ProblemError) -> String? {
    if word.hasPrefix("-") {
      return takeBatchOption(word) ? nil : "\(word) has no counterpart here and is ignored"
    }
    do {
      return try takeProblem(word, line: line)
    } catch  where DescriptorFields.depthFields.contains(error.field) {
      return "\(word) is left out; \(error.message)"
    }
  }

  private mutating func takeProblem(_ word: String, line: Int) throws(ProblemError) -> String? {
    var fields = try DescriptorFields(word)
    let deduced = fields.deduceEndPadding()
    let parsed = try fields.resolve()
    let problem = if let mb { try parsed.problem.with(mb: mb) } else { parsed.problem }
    let named = ParsedProblem(
      problem: problem, name: parsed.name, multiplicity: parsed.multiplicity)
    numberedProblems.append((line, named))
    let remarks =
      (fields.isWidthOnly ? ["taken as square (benchdnn: one-dimensional)"] : [])
      + (deduced.isEmpty ? [] : ["taken with \(deduced.joined(separator: " and "))"])
    return remarks.isEmpty ? nil : "\(word) is \(remarks.joined(separator: ", "))"
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

  /// The words of each line, under the number of its first line where some are joined by `\`.
  private static func numberedWords(_ text: String) -> [(line: Int, words: [String])] {
    var result: [(line: Int, words: [String])] = []
    var joined = ""
    var first = 1
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      if joined.isEmpty { first = index + 1 }
      joined += joined.isEmpty ? line : line.drop(while: \.isWhitespace)
      if joined.last == "\\" {
        joined.removeLast()
        while joined.last?.isWhitespace == true { joined.removeLast() }
      } else {
        result.append((first, words(joined)))
        joined = ""
      }
    }
    return result + [(first, words(joined))]
  }

  /// The words of a line without its comment; neither blanks nor `#` count inside quotes.
  private static func words(_ line: String) -> [String] {
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
