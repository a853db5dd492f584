import Foundation
import Measurement

/// Builds a git revision of this package in a folder of its own, to be a gate's base.
///
/// The revision is checked out by `git worktree` in a temporary folder, from the repository that the
/// current folder lies in; `remove` leaves nothing of it behind.
public final class BaseBuild {
  private let revision: String
  private let deadline: Deadline
  private let isCancelled: @Sendable () -> Bool
  private let folder: String
  private var isCheckedOut = false

  /// Why there is no base, and how the gate ends.
  public struct Failure: Error, Hashable, Sendable {
    /// One line.
    public let message: String
    /// How the gate ends.
    public let exit: GateExit
  }

  /// Prepares to build `revision` within `timeLimit` seconds.
  public init(
    revision: String, timeLimit: Double, isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.revision = revision
    deadline = Deadline(after: timeLimit)
    self.isCancelled = isCancelled
    let random = String(UInt64.random(in: 0 ... .max), radix: 36)
    folder = "\(NSTemporaryDirectory())/conv-bench-base-\(random)"
  }

  /// Checks out and builds; returns the path of the executable.
  public func make() throws(Failure) -> String {
    let commit = try git([
      "rev-parse", "--verify", "--quiet", "--end-of-options", "\(revision)^{commit}",
    ])
    guard let commit, !commit.isEmpty else {
      throw Failure(
        message: "--base-ref: no commit '\(revision)' in the git repository of this folder",
        exit: .badBase)
    }
    isCheckedOut = true
    GateRemains.add(folder: folder)
    guard try git(["worktree", "add", "--detach", "--force", folder, commit]) != nil else {
      throw Failure(
        message: "--base-ref: git cannot check \(revision) out into \(folder)", exit: .unmeasured)
    }
    let build = ["build", "-c", "release", "--product", "conv-bench", "--package-path", folder]
    guard case .success = try run("swift", build, patience: 5) else {
      throw Failure(
        message: "--base-ref: \(revision) cannot be built: \(lastError)", exit: .unmeasured)
    }
    return "\(folder)/.build/release/conv-bench"
  }

  /// Removes the folder and what git knows of it.
  public func remove() {
    guard isCheckedOut else { return }
    isCheckedOut = false
    let cleaning = BaseBuild(revision: revision, timeLimit: 60) { false }
    _ = try? cleaning.git(["worktree", "remove", "--force", folder])
    try? FileManager.default.removeItem(atPath: folder)
    _ = try? cleaning.git(["worktree", "prune"])
    GateRemains.remove(folder: folder)
  }

  // MARK: Programs

  private var lastError = ""

  private enum Output {
    case success(String)
    case failure
  }

  /// What git prints; nil if it fails.
  private func git(_ arguments: [String]) throws(Failure) -> String? {
    guard case .success(let text) = try run("git", arguments, patience: 1) else { return nil }
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func run(
    _ program: String, _ arguments: [String], patience: Double
  ) throws(Failure) -> Output {
    let child: ChildProcess
    do {
      child = try ChildProcess(
        path: "/usr/bin/env", arguments: [program] + arguments,
        environment: ProcessInfo.processInfo.environment)
    } catch {
      throw Failure(message: "\(program) cannot be started: \(error.reason)", exit: .unmeasured)
    }
    // A build ends its own children when it is asked to end.
    defer { child.terminate(patience: patience) }
    var text = ""
    while true {
      switch child.readLine(until: deadline, isCancelled: isCancelled) {
      case .text(let line): text += String(decoding: line, as: UTF8.self) + "\n"
      case .cancelled: throw Failure(message: "interrupted", exit: .cancelled)
      case .timeout, .tooLong:
        throw Failure(
          message: "the time limit is over before \(revision) is built", exit: .unmeasured)
      case .ended:
        let end = child.waitForEnd(seconds: patience)
        lastError = Self.firstError(text) ?? child.lastErrorLine()
        return end == .exited(status: 0) ? .success(text) : .failure
      }
    }
  }

  /// The first line that tells of an error: swift build prints them to standard output.
  private static func firstError(_ text: String) -> String? {
    text.split(separator: "\n").first { $0.contains("error:") }.map { String($0.prefix(300)) }
  }
}
