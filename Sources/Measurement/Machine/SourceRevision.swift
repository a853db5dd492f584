import Foundation

/// The git revision that an executable was built from, as far as it can be known.
struct SourceRevision {
  let commit: String
  let isDirty: Bool

  /// What the executable is made of.
  private static let sources = ["Sources", "Benchmarks", "Package.swift"]

  /// Looks for the package that `executable` lies in the build folder of.
  ///
  /// Nil outside of a package under git, and when a source is newer than the executable: that would
  /// name a commit which the executable was not built from.
  init?(executable: String) {
    let built = URL(fileURLWithPath: executable)
    var folder = built.deletingLastPathComponent()
    while !FileManager.default.fileExists(
      atPath: folder.appendingPathComponent("Package.swift").path)
    {
      guard folder.path != "/" else { return nil }
      folder.deleteLastPathComponent()
    }
    guard built.path.hasPrefix(folder.appendingPathComponent(".build").path),
      let builtDate = Self.modificationDate(built.path),
      let files = Self.git(["ls-files"] + Self.sources, in: folder)
    else { return nil }
    let isCurrent = files.split(separator: "\n").allSatisfy {
      Self.modificationDate(folder.appendingPathComponent(String($0)).path)
        .map { $0 <= builtDate } ?? true
    }
    guard isCurrent, let commit = Self.git(["rev-parse", "HEAD"], in: folder),
      let changes = Self.git(["status", "--porcelain", "--"] + Self.sources, in: folder)
    else { return nil }
    self.commit = commit
    isDirty = !changes.isEmpty
  }

  private static func modificationDate(_ path: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
  }

  /// What git prints; nil if it fails or is not there.
  private static func git(_ arguments: [String], in folder: URL) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git", "-C", folder.path] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
