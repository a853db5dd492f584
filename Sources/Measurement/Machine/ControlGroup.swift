/// The control groups (versions 1 and 2) that this process is in.
struct ControlGroup {
  /// Where control groups are mounted.
  let root: String
  /// The text of `/proc/self/cgroup`.
  let membership: String

  /// The groups of this process.
  static let current = ControlGroup(
    root: "/sys/fs/cgroup", membership: SystemText.read("/proc/self/cgroup") ?? "")

  /// The folders of `controller` and all its parents, innermost first, in both versions.
  private func folders(_ controller: String) -> [String] {
    membership.split(separator: "\n").flatMap { line -> [String] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return [] }
      let controllers = parts[1].split(separator: ",")
      guard parts[1].isEmpty || controllers.contains(Substring(controller)) else { return [] }
      let mounts =
        parts[1].isEmpty
        ? [root, "\(root)/unified"] : ["\(root)/\(controller)", "\(root)/\(parts[1])"]
      let names = parts[2].split(separator: "/")
      return (0...names.count).reversed().flatMap { depth in
        mounts.map { ([$0] + names[..<depth].map(String.init)).joined(separator: "/") }
      }
    }
  }

  /// CPUs' worth of time, the least that any of the groups allows; nil without a limit.
  var cpuQuota: Double? {
    folders("cpu").compactMap { folder -> Double? in
      if let limit = SystemText.read("\(folder)/cpu.max") {
        let numbers = limit.split(separator: " ").compactMap { Double($0) }
        return numbers.count == 2 ? numbers[0] / numbers[1] : nil
      }
      guard let quota = SystemText.number("\(folder)/cpu.cfs_quota_us"), quota > 0,
        let period = SystemText.number("\(folder)/cpu.cfs_period_us"), period > 0
      else { return nil }
      return Double(quota) / Double(period)
    }.min()
  }

  /// Bytes that any of the groups still allows, caches that can be dropped counted as free; nil
  /// without a limit.
  var availableMemory: Int? {
    folders("memory").compactMap { folder -> Int? in
      let limit =
        SystemText.number("\(folder)/memory.max")
        ?? SystemText.number("\(folder)/memory.limit_in_bytes")
      let usage =
        SystemText.number("\(folder)/memory.current")
        ?? SystemText.number("\(folder)/memory.usage_in_bytes")
      // Version 1 says "no limit" by a number near 2⁶³.
      guard let limit, let usage, limit < 1 << 60 else { return nil }
      let inactive = (SystemText.read("\(folder)/memory.stat") ?? "").split(separator: "\n")
        .first { $0.hasPrefix("inactive_file ") }
        .flatMap { Int($0.dropFirst("inactive_file ".count)) }
      return max(0, limit - usage + (inactive ?? 0))
    }.min()
  }
}
