import Foundation
import Testing

/// The built command with a terminal of its own, as when a person runs it.
final class TerminalProcess {
  // Linux's TIOCSPTLCK and TIOCGPTN, glibc's POSIX_SPAWN_SETSID: Swift imports none of them.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430
  private static let newSession: Int16 = 0x80

  private let terminal: Int32
  private let id: pid_t
  private let folder: Folder
  /// What has been written to the terminal so far.
  private(set) var text = ""

  /// Starts the command in `folder`; debug builds may time.
  init(_ arguments: [String], in folder: Folder) throws {
    self.folder = folder
    terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var isLocked: Int32 = 0
    var number: Int32 = 0
    try #require(
      terminal >= 0 && ioctl(terminal, Self.setLock, &isLocked) == 0
        && ioctl(terminal, Self.getNumber, &number) == 0)
    var size = winsize(ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Self.newSession)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The first terminal that a session's leader opens becomes its controlling one.
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/pts/\(number)", O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, 0, 2)

    let shell = "/bin/sh"
    let change = ["-c", "cd \"$0\" && exec \"$@\"", folder.path, CommandProcess.executable.path]
    let environment = ProcessInfo.processInfo.environment
      .filter { $0.key != "NO_COLOR" }
      .merging(["CONV_BENCH_ALLOW_DEBUG": "1", "TERM": "xterm"]) { $1 }
    var words = ([shell] + change + arguments).map { strdup($0) } + [nil]
    var settings = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in words + settings { free(pointer) } }
    var child: pid_t = 0
    try #require(posix_spawn(&child, shell, &actions, &attributes, &words, &settings) == 0)
    id = child
  }

  deinit { close(terminal) }

  /// Types a text, for instance `"\u{3}"`, which is Ctrl-C.
  func type(_ text: String) { _ = write(terminal, text, text.utf8.count) }

  /// Waits for something to be written; false if it never is.
  func wait(for part: String) -> Bool {
    for _ in 0..<600 where !text.contains(part) {
      guard readMore(milliseconds: 100) else { return text.contains(part) }
    }
    return text.contains(part)
  }

  /// Waits for the end and returns the exit code; kills what does not end within two minutes.
  func end() -> Int32 {
    for _ in 0..<1200 where readMore(milliseconds: 100) {}
    kill(id, SIGKILL)
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
  }

  /// Returns false when nobody has the terminal open any longer.
  private func readMore(milliseconds: Int32) -> Bool {
    var event = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
    guard poll(&event, 1, milliseconds) > 0 else { return true }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(terminal, &bytes, bytes.count)
    guard count > 0 else { return false }
    text += String(decoding: bytes[..<count], as: UTF8.self)
    return true
  }
}
