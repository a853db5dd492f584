import Foundation
import Testing

/// Pipes and standard input are read as files are.
@Suite struct InputFileTests {
  private static let problems = (1...3000).map { "ic\($0)ih5oc2kh3" }

  /// Lists the problems of a batch file that comes down a pipe, in several pieces.
  private func list(_ path: String) throws -> CommandProcess.Outcome {
    let folder = try Folder()
    try folder.write("b.txt", Self.problems.joined(separator: "\n"))
    return try CommandProcess.shell(
      "(head -c 9000 b.txt; sleep 0.1; tail -c +9001 b.txt) | \"$0\" list layers --batch \(path)",
      in: folder)
  }

  @Test(arguments: ["/dev/stdin", "-", "<(cat)"]) func aPipeIsReadToItsEnd(path: String) throws {
    let outcome = try list(path)
    #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome)")
    // A title line, then one each.
    #expect(outcome.output.split(separator: "\n").count == Self.problems.count + 1)
    #expect(outcome.output.contains("mb1ic3000ih5oc2oh3kh3ph0"))
  }

  @Test func errorsCallItStandardInput() throws {
    let bad = try CommandProcess.shell(
      "echo ic1ih5oc1kh9 | \"$0\" list layers --batch -", in: Folder())
    #expect(bad.code == 2)
    #expect(bad.errorLines.first?.hasPrefix("conv-bench: error: standard input:1: kh: ") == true)
    let empty = try CommandProcess.shell("\"$0\" list layers --batch - < /dev/null", in: Folder())
    #expect(empty.code == 3)
    #expect(empty.errorLines == ["conv-bench: error: standard input: holds no problem"])
  }

  @Test func aFileThatMayNotBeReadSaysSo() throws {
    let folder = try Folder()
    let outcome = try CommandProcess.shell("\"$0\" list layers --batch /proc/self/mem", in: folder)
    #expect(outcome.code == 2)
    #expect(
      outcome.errorLines == ["conv-bench: error: cannot read /proc/self/mem: Input/output error"])
  }
}
