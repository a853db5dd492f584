import Foundation
import Reporting

/// A file in `$XDG_CACHE_HOME/conv-bench`, or below `~/.cache` if that is not set.
struct CacheFile {
  /// Where the file is.
  let path: String

  /// What the file holds.
  enum Content {
    /// There is no file.
    case nothing
    /// Bytes.
    case data(Data)
    /// No file of ours, and what is wrong with it.
    case unusable(String)
  }

  /// A file of the user who runs this; nil where neither variable names a folder.
  init?(_ name: String, environment: [String: String]) {
    // A relative path is invalid by the XDG specification and to be ignored.
    let places = [("XDG_CACHE_HOME", ""), ("HOME", "/.cache")]
    let folders = places.compactMap { name, rest in
      environment[name].flatMap { $0.hasPrefix("/") ? $0 + rest : nil }
    }
    guard let folder = folders.first else { return nil }
    path = "\(folder)/conv-bench/\(name)"
  }

  /// More bytes than anything takes that is kept.
  private static let largest = 1 << 20

  /// Reads the file.
  func read() -> Content {
    var info = stat()
    guard stat(path, &info) == 0 else {
      return errno == ENOENT ? .nothing : .unusable(String(cString: strerror(errno)))
    }
    // Opening a pipe would wait for its other end.
    guard info.st_mode & S_IFMT == S_IFREG else { return .unusable("is no regular file") }
    guard info.st_size <= Self.largest else { return .unusable("is too large") }
    guard let data = FileManager.default.contents(atPath: path) else {
      return .unusable("cannot be read")
    }
    return .data(data)
  }

  /// Puts the text in the file's place, in one step.
  func write(_ text: String) throws(OutputError) {
    let folder = (path as NSString).deletingLastPathComponent
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw OutputError(path, "cannot make the folder \(folder)")
    }
    var info = stat()
    guard stat(path, &info) != 0 || info.st_mode & S_IFMT == S_IFREG else {
      throw OutputError(path, "is no regular file")
    }
    let file = try OutputFile(path: path)
    // The handler keeps the file alive, so that it must be discarded here whatever is thrown.
    defer { file.discard() }
    Interruption.shared.onFirstSignal { file.discard() }
    try file.write(text)
    try file.finish()
  }
}
