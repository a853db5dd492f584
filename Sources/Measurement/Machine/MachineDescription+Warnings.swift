extension MachineDescription {
  /// What makes figures from this machine doubtful, a line each with its cure.
  ///
  /// - Parameter threads: the largest number of threads that will be measured.
  public func warnings(threads: Int) -> [String] {
    [
      loadWarning(threads: threads), coresWarning(threads: threads), quotaWarning, governorWarning,
      openBLASCoreWarning, openBLASCacheWarning, clockWarning,
    ].compactMap(\.self)
  }

  private func loadWarning(threads: Int) -> String? {
    let free = max(0, cores.usableCores - threads)
    // Half a core of load is what a quiet machine shows.
    guard let load = loadAverage.first, load > Double(free) + 0.5 else { return nil }
    return "load average \(load) with \(free) of \(cores.usableCores) cores left free: "
      + "stop other programs or wait until they are done"
  }

  private func coresWarning(threads: Int) -> String? {
    guard threads > cores.usableCores else { return nil }
    return "\(threads) threads share \(cores.usableCores) usable cores: "
      + "use --threads \(cores.usableCores) or widen the affinity mask"
  }

  private var quotaWarning: String? {
    guard let quota = cores.cgroupQuota, quota < Double(cores.affinityCores) else { return nil }
    return "the control group allows \(quota) CPUs of \(cores.affinityCores), runs are throttled: "
      + "lift the CPU quota of the container or use --threads \(cores.usableCores)"
  }

  private var governorWarning: String? {
    guard let governor, governor != "performance" else { return nil }
    return "frequency governor is \(governor): set it to performance "
      + "(cpupower frequency-set -g performance)"
  }

  private var openBLASCoreWarning: String? {
    let core = libraries.openBLASCore.lowercased()
    let better: String
    if instructionSets.contains("avx512"), !Self.coresWithAVX512.contains(core) {
      better = "SkylakeX"
    } else if instructionSets.contains("avx2"), Self.coresWithoutAVX2.contains(core) {
      better = "Haswell"
    } else {
      return nil
    }
    let finding = "OpenBLAS runs its \(libraries.openBLASCore) kernels, the CPU has more"
    return libraries.environment["OPENBLAS_CORETYPE"] == nil
      ? "\(finding): use a newer OpenBLAS or set OPENBLAS_CORETYPE=\(better)"
      : "\(finding): unset OPENBLAS_CORETYPE, it can halve sgemm"
  }

  private var openBLASCacheWarning: String? {
    guard let text = libraries.environment["OPENBLAS_L2_SIZE"], let kibibytes = Int(text),
      caches.isReported, kibibytes << 10 != caches.l2
    else { return nil }
    return
      "OPENBLAS_L2_SIZE=\(text) differs from the second-level cache of \(caches.l2 >> 10) KiB: "
      + "unset it"
  }

  private var clockWarning: String? {
    guard clockResolution > 1e-6 else { return nil }
    return "the clock's steps are \(clockResolution * 1e6) µs: "
      + "choose another clock source (tsc) for this machine"
  }

  // The cores of OpenBLAS's x86 kernels, lower case.
  private static let coresWithAVX512: Set = ["skylakex", "cooperlake", "sapphirerapids"]
  private static let coresWithoutAVX2: Set = [
    "prescott", "core2", "penryn", "dunnington", "nehalem", "sandybridge", "atom", "bobcat",
    "barcelona", "opteron", "opteron_sse3", "bulldozer", "piledriver", "steamroller", "katmai",
    "coppermine", "northwood", "athlon", "nano",
  ]
}
