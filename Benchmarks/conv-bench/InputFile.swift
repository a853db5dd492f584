import Foundation
import Measurement

/// Reads whole files that the user names; `-` is standard input, and pipes are read to their end.
enum InputFile {
  /// The bytes of a file that is there, is no folder and fits the memory.
  static func read(_ path: String) throws(CommandError) -> [UInt8] {
    let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path, errno) }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw unreadable(path, errno) }
    guard info.st_mode & S_IFMT != S_IFDIR else { throw unreadable(path, EISDIR) }
    // The bytes are held twice while they grow.
    let limit = MemoryBudget.current().available / 2
    guard Int(info.st_size) <= limit else { throw tooLarge(path, "\(info.st_size >> 20)", limit) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(info.st_size))
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 64)
    defer { chunk.deallocate() }
    while true {
      let count = Foundation.read(descriptor, chunk.baseAddress, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(path, errno) }
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= limit else { throw tooLarge(path, "more than \(limit >> 20)", limit) }
    }
  }

  private static let chunkSize = 1 << 20

  /// How messages call a file.
  static func name(_ path: String) -> String { path == "-" ? "standard input" : path }

  private static func unreadable(_ path: String, _ number: Int32) -> CommandError {
    let reason =
      switch number {
      case EISDIR: "is a directory"
      case EACCES: "permission denied"
      default: String(cString: strerror(number))
      }
    return .usage("cannot read \(name(path)): \(reason)")
  }

  private static func tooLarge(_ path: String, _ size: String, _ limit: Int) -> CommandError {
    .usage(
      "cannot read \(name(path)): \(size) MiB do not fit the \(limit >> 20) MiB there are for it")
  }
}
