import Foundation
import Testing

/// The built command, run as a process.
struct CommandProcess {
  /// What a run left behind.
  struct Outcome {
    let code: Int32
    let output: String
    let errors: String

    /// Lines of standard error that are errors.
    var errorLines: [String] {
      errors.split(separator: "\n").map(String.init).filter { $0.contains("error:") }
    }
  }

  /// The executable lies beside the test bundle.
  static let executable: URL = {
    let tests = URL(
      fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        ?? CommandLine.arguments[0])
    return tests.deletingLastPathComponent().appendingPathComponent("conv-bench")
  }()

  private let process = Process()
  private let folder: Folder

  /// Starts the command in `folder`; without an `output`, what it writes there is captured.
  init(
    _ arguments: [String], in folder: Folder, environment: [String: String] = [:],
    output: FileHandle? = nil
  ) throws {
    try self.init(Self.executable, arguments, folder, environment, output)
  }

  /// Runs a line of Bash in `folder` to its end; `$0` in it is the command.
  static func shell(_ line: String, in folder: Folder) throws -> Outcome {
    let bash = URL(fileURLWithPath: "/bin/bash")
    return try CommandProcess(bash, ["-c", line, executable.path], folder, [:], nil).outcome()
  }

  private init(
    _ executable: URL, _ arguments: [String], _ folder: Folder, _ environment: [String: String],
    _ output: FileHandle?
  ) throws {
    self.folder = folder
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.environment = ProcessInfo.processInfo.environment
      .filter { !["NO_COLOR", "CONV_BENCH_ALLOW_DEBUG", "CONV_BENCH_TUNING"].contains($0.key) }
      .merging(["XDG_CONFIG_HOME": folder.path, "XDG_CACHE_HOME": "\(folder.path)/cache"]) { $1 }
      .merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try output ?? folder.handle("stdout")
    process.standardError = try folder.handle("stderr")
    try process.run()
  }

  /// The number of the process.
  var identifier: Int32 { process.processIdentifier }

  /// Whether it has not ended.
  var isRunning: Bool { process.isRunning }

  /// Sends a signal.
  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits for the end; a process that has none is killed after two minutes.
  func outcome() -> Outcome {
    for _ in 0..<12_000 where process.isRunning { usleep(10_000) }
    if process.isRunning { send(SIGKILL) }
    process.waitUntilExit()
    let code = process.terminationStatus
    return Outcome(
      code: process.terminationReason == .exit ? code : -code, output: folder.text("stdout") ?? "",
      errors: folder.text("stderr") ?? "")
  }

  /// Runs the command to its end; debug builds may time.
  static func run(
    _ arguments: [String], in folder: Folder? = nil,
    environment: [String: String] = ["CONV_BENCH_ALLOW_DEBUG": "1"]
  ) throws -> Outcome {
    try CommandProcess(arguments, in: folder ?? Folder(), environment: environment).outcome()
  }
}

/// A folder of its own, removed with the last reference to it.
final class Folder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "conv-bench-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// What is in it besides the captured streams and the cache of the commands that ran in it.
  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
      .filter { !["stdout", "stderr", "cache"].contains($0) }.sorted()
  }

  /// Waits until the hidden file beside `name` holds `text`; false if that never comes.
  func waits(for text: String, beside name: String) -> Bool {
    for _ in 0..<6000 {
      let hidden = names.first { $0.hasPrefix(".\(name).") }
      if let hidden, self.text(hidden)?.contains(text) == true { return true }
      usleep(10_000)
    }
    return false
  }

  func text(_ name: String) -> String? {
    FileManager.default.contents(atPath: "\(path)/\(name)").map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  func bytes(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(path)/\(name)").map { Array($0) }
  }

  fileprivate func handle(_ name: String) throws -> FileHandle {
    _ = FileManager.default.createFile(atPath: "\(path)/\(name)", contents: nil)
    return try FileHandle(forWritingTo: URL(fileURLWithPath: "\(path)/\(name)"))
  }
}
