import Foundation

/// The sole right to replace a file: others that ask for it wait.
///
/// The lock lies on the file itself, so nothing stays beside it, and file systems in a network know
/// it as well. Whoever gets it sees the file as it is now. It only keeps out those who ask.
final class FileLock {
  private let path: String
  private let descriptor: Int32
  /// Whether the file was not there before, and nobody has filled it since.
  private let isNew: Bool

  /// Waits for the right to replace the file at `path`; one that is not there begins as `text`.
  init(path: String, emptyText text: String) throws(OutputError) {
    self.path = path
    var isNew = false
    while true {
      let descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
      if descriptor >= 0 {
        guard try Self.isStillThere(path, afterLocking: descriptor) else { continue }
        self.descriptor = descriptor
        self.isNew = isNew && lseek(descriptor, 0, SEEK_END) == text.utf8.count
        return
      }
      guard errno == ENOENT else { throw OutputError(path, errno: errno) }
      let file = try OutputFile(path: path)
      try file.write(text)
      isNew = try file.finishUnlessThere()
    }
  }

  deinit { close(descriptor) }

  /// Removes the file, if this lock put it there.
  func undo() { if isNew { unlink(path) } }

  /// Whether `path` still is the file that was opened, now that it is locked; closed if it is not.
  private static func isStillThere(
    _ path: String, afterLocking descriptor: Int32
  ) throws(OutputError) -> Bool {
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else {
        let reason = String(cString: strerror(errno))
        close(descriptor)
        throw OutputError(path, "cannot be locked there (\(reason)); choose another file system")
      }
    }
    var (opened, named) = (stat(), stat())
    if fstat(descriptor, &opened) == 0, stat(path, &named) == 0, opened.st_ino == named.st_ino,
      opened.st_dev == named.st_dev
    {
      return true
    }
    close(descriptor)
    return false
  }
}
