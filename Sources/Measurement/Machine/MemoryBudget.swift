/// Memory, bytes.
public struct MemoryBudget: Codable, Hashable, Sendable {
  /// Installed.
  public var total: Int
  /// What can be used now without swapping, limits of control groups respected.
  public var available: Int

  /// The state now; a size that cannot be read is `Int.max`, so that nothing is refused for it.
  public static func current() -> MemoryBudget {
    let fields = SystemText.fields(SystemText.read("/proc/meminfo") ?? "")
    func bytes(_ name: String) -> Int {
      fields[name].flatMap { $0.split(separator: " ").first }.flatMap { Int($0) }.map { $0 << 10 }
        ?? .max
    }
    return MemoryBudget(
      total: bytes("MemTotal"),
      available: min(bytes("MemAvailable"), ControlGroup.current.availableMemory ?? .max))
  }
}
