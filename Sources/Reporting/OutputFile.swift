import Foundation
import Synchronization

/// A file that appears, or replaces an older one, only when it is complete.
///
/// Text goes to a hidden file beside the target, which takes the target's place in one step. What
/// is written is on its way to the disk at once, so that a killed process loses nothing that the
/// hidden file does not hold. Standard output, pipes and devices are written directly. May be used
/// from several threads.
public final class OutputFile: Sendable {
  /// The path as given; `-` is standard output.
  public let path: String
  private let state: Mutex<State>

  private struct State {
    var descriptor: Int32
    /// The hidden file and the path whose place it takes; nil when written directly.
    var replacement: (hidden: String, target: String)?
    var isOpen = true
  }

  /// Opens the file for writing.
  ///
  /// - Throws: `OutputError` when the target, or a file beside it, cannot be written.
  public init(path: String) throws(OutputError) {
    self.path = path
    state = Mutex(try Self.open(path))
  }

  deinit { discard() }

  private static func open(_ path: String) throws(OutputError) -> State {
    if path == "-" { return State(descriptor: STDOUT_FILENO) }
    var info = stat()
    let exists = stat(path, &info) == 0
    if exists {
      guard info.st_mode & S_IFMT != S_IFDIR else { throw OutputError(path, "is a directory") }
      guard access(path, W_OK) == 0 else { throw OutputError(path, errno: errno) }
      if info.st_mode & S_IFMT != S_IFREG { return try openDirectly(path) }
    }
    // A link keeps pointing to its file, which is the one that is replaced.
    let target = exists ? realpath(path, nil).map(takeText) ?? path : path
    let url = URL(fileURLWithPath: target)
    let hidden =
      url.deletingLastPathComponent().path
      + "/.\(url.lastPathComponent).\(getpid()).\(String(UInt32.random(in: 0...UInt32.max), radix: 36))"
    let descriptor = Foundation.open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw OutputError(path, errno: errno) }
    if exists { fchmod(descriptor, info.st_mode & 0o7777) }
    return State(descriptor: descriptor, replacement: (hidden, target))
  }

  private static func openDirectly(_ path: String) throws(OutputError) -> State {
    let descriptor = Foundation.open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw OutputError(path, errno: errno) }
    return State(descriptor: descriptor)
  }

  private static func takeText(_ pointer: UnsafeMutablePointer<CChar>) -> String {
    defer { free(pointer) }
    return String(cString: pointer)
  }

  /// Writes a text; nothing once the file is finished or discarded.
  public func write(_ text: String) throws(OutputError) { try write(Array(text.utf8)) }

  /// Writes bytes; nothing once the file is finished or discarded. If that fails, a file that is not
  /// written directly holds none of them.
  public func write(_ bytes: [UInt8]) throws(OutputError) {
    let failure = state.withLock { state -> Int32? in
      guard state.isOpen else { return nil }
      let start = state.replacement == nil ? -1 : lseek(state.descriptor, 0, SEEK_CUR)
      let failure = Self.writeAll(bytes, to: state.descriptor)
      // Half a row would be worse than none.
      if failure != nil, start >= 0, ftruncate(state.descriptor, start) == 0 {
        lseek(state.descriptor, start, SEEK_SET)
      }
      return failure
    }
    if let failure { throw OutputError(path, errno: failure) }
  }

  /// Returns the error number, if any.
  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let count = Foundation.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
        if count > 0 {
          done += count
        } else if errno != EINTR && errno != EAGAIN {
          return errno
        }
      }
      return nil
    }
  }

  /// Puts the file in its place, complete.
  ///
  /// - Throws: `OutputError` when that fails; the hidden file is then removed.
  public func finish() throws(OutputError) {
    try finish { rename($0, $1) }
  }

  /// Puts the file in its place, complete, unless another is there by now; false if one is.
  func finishUnlessThere() throws(OutputError) -> Bool {
    var isThere = false
    try finish { hidden, target in
      let failed = link(hidden, target) != 0
      isThere = failed && errno == EEXIST
      let result: Int32 = failed && !isThere ? -1 : 0
      let reason = errno
      unlink(hidden)
      errno = reason
      return result
    }
    return !isThere
  }

  private func finish(_ place: (String, String) -> Int32) throws(OutputError) {
    let failure = state.withLock { state -> Int32? in
      guard state.isOpen else { return nil }
      state.isOpen = false
      guard let (hidden, target) = state.replacement else {
        if state.descriptor != STDOUT_FILENO { close(state.descriptor) }
        return nil
      }
      var failure: Int32?
      if fsync(state.descriptor) != 0 { failure = errno }
      if close(state.descriptor) != 0 { failure = failure ?? errno }
      if failure == nil, place(hidden, target) != 0 { failure = errno }
      if failure != nil { unlink(hidden) }
      return failure
    }
    if let failure { throw OutputError(path, errno: failure) }
  }

  /// Leaves the target as it was.
  public func discard() {
    state.withLock { state in
      guard state.isOpen else { return }
      state.isOpen = false
      if state.descriptor != STDOUT_FILENO { close(state.descriptor) }
      if let hidden = state.replacement?.hidden { unlink(hidden) }
    }
  }
}

/// A file that cannot be written.
public struct OutputError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The path as given.
  public let path: String
  /// What the system or the check says.
  public let reason: String
  /// Whether the reader of a pipe has gone.
  public let isClosedPipe: Bool

  /// Creates an error.
  public init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
    isClosedPipe = false
  }

  init(_ path: String, errno: Int32) {
    self.path = path
    reason = String(cString: strerror(errno))
    isClosedPipe = errno == EPIPE
  }

  /// One line.
  public var description: String {
    "cannot write \(path == "-" ? "standard output" : path): \(reason)"
  }
}
