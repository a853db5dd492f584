import Foundation
import Reporting
import Testing

/// What only a person at a terminal sees.
@Suite struct TerminalTests {
  private static let note =
    "\r\u{1B}[Kconv-bench: note: stopping after the current step; Ctrl-C again stops at once\r\n"

  @Test func theProgressLineNamesStepsAndIsGoneAtTheEnd() throws {
    let command = try TerminalProcess(
      ["--layer", "lenet5-fc5", "--backend", "direct", "--samples", "6", "--warmup", "0"],
      in: Folder())
    #expect(command.end() == 0)
    let text = command.text
    for part in ["1/1 preparing direct on lenet5-fc5", "1/1 checking direct", "1/1 timing"] {
      #expect(text.contains(part), "\(text)")
    }
    // The table follows an emptied line.
    #expect(text.contains("\r\u{1B}[K\u{1B}[1mlenet5-fc5"), "\(text)")
  }

  @Test func withoutProgressNothingIsRedrawn() throws {
    let command = try TerminalProcess(
      [
        "--layer", "lenet5-fc5", "--backend", "direct", "--samples", "6", "--warmup", "0",
        "--no-progress",
      ], in: Folder())
    #expect(command.end() == 0)
    #expect(!command.text.contains("\u{1B}[K") && command.text.contains("direct"))
  }

  @Test func theFirstCtrlCSaysThatItStopsAndKeepsFinishedRows() throws {
    let folder = try Folder()
    // The declined case is finished at once, the other one never.
    let command = try TerminalProcess(
      [
        "--layer", "lenet5-conv1", "--backend", "gemm-1x1,direct", "--samples", "1000000000",
        "--csv", "r.csv",
      ], in: folder)
    #expect(command.wait(for: "best so far direct"))
    command.type("\u{3}")
    #expect(command.end() == 130)
    #expect(command.text.contains(Self.note), "\(command.text)")
    #expect(folder.names == ["r.csv"])
    #expect(
      try CSVReader.read(path: "\(folder.path)/r.csv").records.map(\.backend) == ["gemm-1x1"])
  }

  @Test func theSecondCtrlCDoesNotWait() throws {
    let folder = try Folder()
    // One call of the reference on this takes minutes.
    let command = try TerminalProcess(
      [
        "--problem", "ic512ih224oc512kh3ph1", "--backend", "gemm-1x1,reference", "--no-check",
        "--csv", "r.csv", "--json", "r.json",
      ], in: folder)
    #expect(command.wait(for: "2/2 timing"))
    command.type("\u{3}")
    #expect(command.wait(for: Self.note), "\(command.text)")
    usleep(200_000)
    command.type("\u{3}")
    #expect(command.end() == 130)
    #expect(folder.names == ["r.csv", "r.json"])
    #expect(try CSVReader.read(path: "\(folder.path)/r.csv").records.count == 1)
  }
}
