import CPlatform
import Foundation

/// A program in a process group of its own, connected by a socket that is its standard input and
/// output; its standard error is kept.
///
/// `end` (and `deinit`) kill the whole group and wait for it, so nothing is left behind.
final class ChildProcess {
  /// The process, and its group.
  let id: pid_t
  private let socket: Int32
  private let errors: Int32
  private var buffer: [UInt8] = []
  private var isEnded = false

  /// Starts the program at `path`.
  ///
  /// - Throws: `StartError` with what the system says.
  init(
    path: String, arguments: [String], environment: [String: String]
  ) throws(StartError) {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
    else { throw StartError(errno: errno) }
    defer { close(ends[1]) }
    let file = platform_nameless_file()
    let errors = file >= 0 ? file : open("/dev/null", O_RDWR | O_CLOEXEC)
    var child: pid_t = 0
    let result = Self.spawn(
      &child, path, [path] + arguments, environment.map { "\($0)=\($1)" },
      input: ends[1], errors: errors)
    guard result == 0 else {
      close(ends[0])
      close(errors)
      throw StartError(errno: result)
    }
    id = child
    GateRemains.add(group: child)
    socket = ends[0]
    self.errors = errors
  }

  deinit {
    end()
    close(socket)
    close(errors)
  }

  /// What the system says of a program that cannot be started.
  struct StartError: Error {
    let errno: Int32
    var reason: String { String(cString: strerror(errno)) }
  }

  private static func spawn(
    _ child: inout pid_t, _ path: String, _ arguments: [String], _ environment: [String],
    input: Int32, errors: Int32
  ) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, input, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)

    // A group of its own keeps a terminal's Ctrl-C from it, which is the gate's to handle, and lets the
    // gate end whatever it has started; signals are as a new program expects them.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    var argv = arguments.map { strdup($0) } + [nil]
    var envp = environment.map { strdup($0) } + [nil]
    defer { for text in argv + envp { free(text) } }
    return posix_spawn(&child, path, &actions, &attributes, &argv, &envp)
  }

  /// Sends bytes; false when nobody is there to read them.
  func send(_ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.send(
          socket, $0.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 || errno == EINTR else { return false }
      done += max(0, count)
    }
    return true
  }

  /// What came of waiting for a line.
  enum Line {
    case text([UInt8])
    /// The program has closed its output, mostly by ending.
    case ended
    /// Nothing within the time.
    case timeout
    case cancelled
    /// More than any line of the protocol.
    case tooLong
  }

  /// The longest line that is accepted; FFTW's wisdom has some kilobytes.
  private static let longestLine = 16 << 20

  /// Waits for the next line, without its end.
  func readLine(until deadline: Deadline, isCancelled: () -> Bool) -> Line {
    while true {
      if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(buffer[..<end])
        buffer.removeSubrange(...end)
        return .text(line)
      }
      guard buffer.count <= Self.longestLine else { return .tooLong }
      if isCancelled() { return .cancelled }
      let rest = deadline.secondsLeft
      if rest <= 0 { return .timeout }
      // A cancellation is noticed within a tenth of a second.
      guard isReadable(within: min(rest, 0.1)) else {
        // Children of an ended program may hold its output open for ever.
        if waitForEnd(seconds: 0) != nil, !isReadable(within: 0) { return .ended }
        continue
      }
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      let count = recv(socket, &chunk, chunk.count, 0)
      if count > 0 {
        buffer += chunk[..<count]
      } else if count == 0 || errno != EINTR {
        return .ended
      }
    }
  }

  private func isReadable(within seconds: Double) -> Bool {
    var request = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, Int32((seconds * 1000).rounded(.up))) > 0
  }

  /// Ends the conversation, as if this process had gone.
  func hangUp() { shutdown(socket, Int32(SHUT_RDWR)) }

  /// How a program ends.
  enum End: Hashable {
    case exited(status: Int32)
    case signalled(Int32)
  }

  /// How the program ended, if it does within so many seconds.
  func waitForEnd(seconds: Double) -> End? {
    let deadline = Deadline(after: seconds)
    repeat {
      // The process stays to be waited for, so that its number, which is its group's, stays its own.
      var info = siginfo_t()
      let result = waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT)
      if result == 0, info._sifields._sigchld.si_pid == id {
        let value = info._sifields._sigchld.si_status
        return info.si_code == CLD_EXITED ? .exited(status: value) : .signalled(value)
      }
      usleep(2000)
    } while !deadline.isPast
    return nil
  }

  /// How the program ended, for a message; waits a moment for one that is about to.
  func endText() -> String {
    let how =
      switch waitForEnd(seconds: 1) {
      case nil: "closed its output"
      case .exited(let status): "exited with status \(status)"
      case .signalled(let signal): "was ended by signal \(signal)"
      }
    let last = lastErrorLine()
    return last.isEmpty ? how : "\(how), saying: \(last)"
  }

  /// The last line of standard error, shortened.
  func lastErrorLine() -> String {
    errorText(bytes: 4096).split(separator: "\n").last.map { String($0.prefix(200)) } ?? ""
  }

  /// The end of standard error.
  func errorText(bytes: Int) -> String {
    let size = lseek(errors, 0, SEEK_END)
    guard size > 0 else { return "" }
    var text = [UInt8](repeating: 0, count: min(bytes, Int(size)))
    let count = pread(errors, &text, text.count, size - off_t(text.count))
    return String(decoding: text.prefix(max(0, count)), as: UTF8.self)
  }

  /// Kills the process group and waits for the process.
  func end() {
    guard !isEnded else { return }
    isEnded = true
    kill(-id, SIGKILL)
    GateRemains.remove(group: id)
    var status: Int32 = 0
    while waitpid(id, &status, 0) == -1, errno == EINTR {}
  }

  /// Asks the group to end and gives it some seconds to clean up before it is killed.
  func terminate(patience: Double) {
    guard !isEnded else { return }
    kill(-id, SIGTERM)
    _ = waitForEnd(seconds: patience)
    end()
  }
}
