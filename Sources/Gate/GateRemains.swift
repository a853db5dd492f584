import Foundation
import Synchronization

/// What a gate would leave behind if its process ended now: process groups and temporary folders.
public enum GateRemains {
  private struct State {
    var groups: Set<pid_t> = []
    var folders: Set<String> = []
  }

  private static let state = Mutex(State())

  static func add(group: pid_t) { state.withLock { _ = $0.groups.insert(group) } }
  static func remove(group: pid_t) { state.withLock { _ = $0.groups.remove(group) } }
  static func add(folder: String) { state.withLock { _ = $0.folders.insert(folder) } }
  static func remove(folder: String) { state.withLock { _ = $0.folders.remove(folder) } }

  /// Kills and deletes all of it, for a process that is about to end without unwinding. What git still
  /// knows of a folder, it forgets by itself.
  public static func clear() {
    state.withLock { state in
      for group in state.groups { kill(-group, SIGKILL) }
      for folder in state.folders { try? FileManager.default.removeItem(atPath: folder) }
      state = State()
    }
  }
}
