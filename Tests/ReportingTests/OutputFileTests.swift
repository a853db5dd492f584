import Foundation
import Testing

@testable import Reporting

@Suite final class OutputFileTests {
  private let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "conv-bench-output-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? []
  }

  private func text(_ name: String) -> String? {
    try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
  }

  @Test func theFileAppearsWhenItIsFinished() throws {
    let file = try OutputFile(path: "\(folder)/a.txt")
    try file.write("one ")
    try file.write("two")
    #expect(text("a.txt") == nil)
    #expect(names.count == 1 && names[0].hasPrefix(".a.txt."))
    #expect(text(names[0]) == "one two", "rows are on disk before the end")
    try file.finish()
    #expect(names == ["a.txt"])
    #expect(text("a.txt") == "one two")
  }

  @Test func anOlderFileStaysUntilThenAndKeepsItsMode() throws {
    try "old".write(toFile: "\(folder)/a.txt", atomically: false, encoding: .utf8)
    chmod("\(folder)/a.txt", 0o640)
    do {
      let dropped = try OutputFile(path: "\(folder)/a.txt")
      try dropped.write("new")
    }
    #expect(names == ["a.txt"] && text("a.txt") == "old")
    let file = try OutputFile(path: "\(folder)/a.txt")
    try file.write("new")
    try file.finish()
    try file.finish()
    #expect(names == ["a.txt"] && text("a.txt") == "new")
    var info = stat()
    stat("\(folder)/a.txt", &info)
    #expect(info.st_mode & 0o777 == 0o640)
  }

  @Test func aLinkKeepsPointingToItsFile() throws {
    try "old".write(toFile: "\(folder)/real", atomically: false, encoding: .utf8)
    symlink("real", "\(folder)/link")
    let file = try OutputFile(path: "\(folder)/link")
    try file.write("new")
    try file.finish()
    #expect(names == ["link", "real"] && text("real") == "new")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/link") == "real")
  }

  @Test func devicesAreWrittenDirectly() throws {
    let file = try OutputFile(path: "/dev/null")
    try file.write("x")
    try file.finish()
    var info = stat()
    stat("/dev/null", &info)
    #expect(info.st_mode & S_IFMT == S_IFCHR)
  }

  @Test func whatCannotBeWrittenIsAnErrorAtOnce() {
    #expect(throws: OutputError.self) { try OutputFile(path: "\(self.folder)/none/a.txt") }
    #expect(throws: OutputError.self) { try OutputFile(path: self.folder) }
  }

  @Test func appendingKeepsRowsAndWritesOneHeader() throws {
    let path = "\(folder)/r.csv"
    for backend in ["fft", "direct"] {
      let writer = try CSVWriter(path: path, appends: true)
      try writer.write(Samples.record(backend, 1))
      try writer.finish()
    }
    let file = try CSVReader.read(path: path)
    #expect(file.records.map(\.backend) == ["fft", "direct"])
    #expect(file.notices.isEmpty)
  }

  @Test(arguments: ["a,b\n1,2\n", CSVText.row(ResultColumn.names) + "1,2"])
  func appendingToAnotherOrDamagedFileIsRefused(content: String) throws {
    try content.write(toFile: "\(folder)/r.csv", atomically: false, encoding: .utf8)
    #expect(throws: OutputError.self) {
      try CSVWriter(path: "\(self.folder)/r.csv", appends: true)
    }
    #expect(names == ["r.csv"] && text("r.csv") == content)
  }

  @Test func withoutAppendingOldRowsGo() throws {
    let path = "\(folder)/r.csv"
    for backend in ["fft", "direct"] {
      let writer = try CSVWriter(path: path)
      try writer.write(Samples.record(backend, 1))
      try writer.finish()
    }
    #expect(try CSVReader.read(path: path).records.map(\.backend) == ["direct"])
  }
}
