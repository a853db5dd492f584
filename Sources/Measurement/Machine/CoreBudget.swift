import CPlatform

/// How many cores this process may really use.
public struct CoreBudget: Codable, Hashable, Sendable {
  /// Numbers of the CPUs in the affinity mask.
  public var cpus: [Int]
  /// Different cores among them, siblings of simultaneous multithreading counted once.
  public var affinityCores: Int
  /// CPUs' worth of time that the control group allows; nil without a limit.
  public var cgroupQuota: Double?

  /// Creates a budget.
  public init(cpus: [Int], affinityCores: Int, cgroupQuota: Double?) {
    self.cpus = cpus
    self.affinityCores = affinityCores
    self.cgroupQuota = cgroupQuota
  }

  /// Threads that can run at once without being throttled, ≥ 1: a quota is rounded down.
  public var usableCores: Int { max(1, min(affinityCores, cgroupQuota.map { Int($0) } ?? .max)) }

  /// The CPUs as Linux writes them: `0-3,8`.
  public var cpuRanges: String {
    var ranges: [ClosedRange<Int>] = []
    for cpu in cpus.sorted() {
      if let last = ranges.last, last.upperBound + 1 == cpu {
        ranges[ranges.count - 1] = last.lowerBound...cpu
      } else {
        ranges.append(cpu...cpu)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }

  /// The budget of this process now.
  public static func current() -> CoreBudget {
    let cpus = (0..<1024).filter { platform_affinity_contains(Int32($0)) }
    let cores = Set(
      cpus.map { cpu in
        let topology = "/sys/devices/system/cpu/cpu\(cpu)/topology"
        guard let core = SystemText.number("\(topology)/core_id") else { return "cpu\(cpu)" }
        return "\(SystemText.number("\(topology)/physical_package_id") ?? 0)/\(core)"
      })
    return CoreBudget(
      cpus: cpus, affinityCores: max(1, cores.count), cgroupQuota: ControlGroup.current.cpuQuota)
  }
}
