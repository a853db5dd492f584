import Foundation
import Testing

/// Two outputs of one run must not be one file, however it is spelt.
@Suite struct OutputPlaceTests {
  private static let run = ["check", "--layer", "lenet5-fc5", "--backend", "reference"]

  @Test(arguments: [
    ("x", "./x"), ("x", "sub/../x"), ("x", "link/x"), ("old", "to-old"), ("sub/x", "link/sub/x"),
  ])
  func spellingsOfOneFileAreFound(first: String, second: String) throws {
    let folder = try Folder()
    for name in ["sub"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
    }
    try folder.write("old", "old")
    symlink(".", "\(folder.path)/link")
    symlink("old", "\(folder.path)/to-old")
    let before = folder.names
    let outcome = try CommandProcess.run(
      Self.run + ["--csv", first, "--json", second], in: folder)
    #expect(outcome.code == 2)
    #expect(
      outcome.errorLines == [
        "conv-bench: error: --json: \(second) is taken by --csv; give each its own file"
      ])
    #expect(folder.names == before && folder.text("old") == "old")
  }

  @Test func filesOfOneNameInTwoFoldersAreTwo() throws {
    let folder = try Folder()
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/sub", withIntermediateDirectories: true)
    let outcome = try CommandProcess.run(
      Self.run + ["--csv", "x", "--json", "sub/x"], in: folder)
    #expect(outcome.code == 0, "\(outcome)")
    #expect(folder.names == ["sub", "x"] && folder.text("sub/x")?.hasPrefix("{") == true)
  }
}
