import Foundation
import Measurement

/// Reads whole files that the user names.
enum InputFile {
  /// The bytes of a file that is there, is no folder and fits the memory.
  static func read(_ path: String) throws(CommandError) -> [UInt8] {
    var info = stat()
    guard stat(path, &info) == 0 else { throw unreadable(path, String(cString: strerror(errno))) }
    guard info.st_mode & S_IFMT != S_IFDIR else { throw unreadable(path, "is a directory") }
    let available = MemoryBudget.current().available
    // The bytes are held twice while they are read.
    guard Int(info.st_size) <= available / 2 else {
      throw unreadable(path, "\(info.st_size >> 20) MiB do not fit the \(available >> 20) MiB free")
    }
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw unreadable(path, access(path, R_OK) == 0 ? "cannot be read" : "permission denied")
    }
    return Array(data)
  }

  private static func unreadable(_ path: String, _ reason: String) -> CommandError {
    .usage("cannot read \(path): \(reason)")
  }
}
