import Foundation

/// A shell script that plays a worker, in a folder of its own.
final class FakeWorker {
  /// The script.
  let path: String
  private let folder: String

  /// What the script says first.
  static let hello = #"echo '{"hello":{"protocol":1,"isOptimized":true}}'"#

  /// A script that runs `body` after noting its process number.
  init(_ body: String, isExecutable: Bool = true) throws {
    folder = NSTemporaryDirectory() + "/gate-tests-" + UUID().uuidString
    path = folder + "/conv-bench"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try "#!/bin/sh\necho $$ >> '\(folder)/pids'\n\(body)\n".write(
      toFile: path, atomically: false, encoding: .utf8)
    chmod(path, isExecutable ? 0o755 : 0o644)
  }

  /// A worker that answers, each answer a line of shell.
  convenience init(
    prepare: String =
      #"echo '{"ready":{"callSeconds":0.001,"variant":"fake","checkedOutputs":1,"wisdom":""}}'"#,
    measure: String
  ) throws {
    try self.init(
      """
      \(Self.hello)
      while read -r line; do
        case "$line" in
          *prepare*) \(prepare) ;;
          *measure*) \(measure) ;;
        esac
      done
      """)
  }

  /// A worker whose samples of 40 calls take so long.
  convenience init(seconds: Double) throws {
    try self.init(measure: #"echo '{"sample":{"seconds":\#(seconds)}}'"#)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The processes that ran the script.
  var processes: [pid_t] {
    ((try? String(contentsOfFile: folder + "/pids", encoding: .utf8)) ?? "")
      .split(separator: "\n").compactMap { pid_t($0) }
  }

  /// Processes of the script, or started by it, that still run. What was killed a moment ago may take
  /// another to be gone.
  var survivors: [pid_t] {
    var found: [pid_t] = []
    for _ in 0..<50 {
      found = processes.flatMap(Self.running(inGroup:))
      if found.isEmpty { break }
      usleep(20_000)
    }
    return found
  }

  /// Processes of a group, without those that have ended and are not waited for yet.
  private static func running(inGroup group: pid_t) -> [pid_t] {
    guard kill(-group, 0) == 0 else { return [] }
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.compactMap { pid_t($0) }.filter { process in
      // After the name in brackets: state, parent, group.
      let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
      let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
      return fields.count > 2 && fields[0] != "Z" && fields[2] == "\(group)"
    }
  }
}
