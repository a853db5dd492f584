import Backends
import Convolution
import Foundation
import Measurement
import Reporting

/// `machine`: what the figures depend on, and the rates that bound them.
enum MachineCommand {
  /// Prints the machine, with rates measured now or, as the cache says, before.
  static func run(_ options: Options) throws -> ExitStatus {
    let machine = MachineDescription.current()
    let threads = Set([1, machine.cores.usableCores]).sorted()
    let (rates, isCached) = rates(
      RateConditions(machine, threads: threads), refreshes: options.refreshes)
    var report = MachineReport(machine, rates: rates, isCached: isCached)
    if options.measuresKernels { report.kernels = try kernels(l1: machine.caches.l1d) }
    if options.writesJSON {
      try Console.print(JSONValue(encoding: report).description + "\n")
    } else {
      let style = OutputChoice.style(options)
      try Console.print(lines(report, rates, style).map { $0 + "\n" }.joined())
    }
    for warning in report.warnings { Console.note("warning", warning) }
    return .success
  }

  /// The register tiles of every instruction set, measured now.
  private static func kernels(l1: Int) throws(CommandError) -> [KernelRate] {
    do {
      return try InstructionSet.available.flatMap { try KernelBenchmark($0).measure(l1: l1) }
    } catch {
      throw .unmeasured("\(error)")
    }
  }

  /// Takes the rates from the cache, or measures and caches them.
  private static func rates(
    _ conditions: RateConditions, refreshes: Bool
  ) -> (MachineRates, isCached: Bool) {
    let cache = MachineCache(environment: ProcessInfo.processInfo.environment)
    if let cache, !refreshes {
      switch cache.read(conditions) {
      case .nothing: break
      case .rates(let rates): return (rates, true)
      case .unusable(let reason):
        Console.note("note", "\(cache.file.path) \(reason); measuring again")
      }
    }
    let rates = MachineRates.measure(conditions)
    do {
      try cache?.write(rates)
      if cache == nil {
        Console.note("warning", "the rates are not kept: set HOME or XDG_CACHE_HOME to a folder")
      }
    } catch {
      Console.note("warning", "the rates are not kept: \(error)")
    }
    return (rates, false)
  }

  private static func lines(
    _ report: MachineReport, _ rates: MachineRates, _ style: TerminalStyle
  ) -> [String] {
    let width = OutputChoice.width
    var facts = TextGrid(columns: [.init(title: ""), .init(title: "")])
    for (name, value) in description(report) + [("rates", origin(report, rates))]
    where !value.isEmpty {
      facts.rows.append([.init(name, .faint), .init(value)])
    }
    var peaks = TextGrid(columns: [
      .init(title: "peak"), .init(title: "threads", isRightAligned: true),
      .init(title: "GFLOP/s", isRightAligned: true),
    ])
    for peak in report.peaks {
      peaks.rows.append([
        .init(peak.isa), .init("\(peak.threads)"),
        .init(Quantity.digits(peak.flopsPerSecond.best / 1e9)),
      ])
    }
    var bandwidths = TextGrid(columns: [
      .init(title: "reading"), .init(title: "threads", isRightAligned: true),
      .init(title: "GB/s", isRightAligned: true),
    ])
    for bandwidth in report.bandwidths {
      bandwidths.rows.append([
        .init(bandwidth.level.rawValue), .init("\(bandwidth.threads)"),
        .init(Quantity.digits(bandwidth.bytesPerSecond / 1e9)),
      ])
    }
    return facts.lines(width: width, style: style).dropFirst() + [""]
      + peaks.lines(width: width, style: style) + [""]
      + bandwidths.lines(width: width, style: style)
      + (report.kernels.map { [""] + kernelTable($0).lines(width: width, style: style) } ?? [])
  }

  private static func kernelTable(_ kernels: [KernelRate]) -> TextGrid {
    var grid = TextGrid(columns: [
      .init(title: "kernel"), .init(title: "isa"), .init(title: "steps", isRightAligned: true),
      .init(title: "GFLOP/s", isRightAligned: true), .init(title: "of peak", isRightAligned: true),
    ])
    for kernel in kernels {
      grid.rows.append([
        .init(kernel.kernel), .init(kernel.isa), .init("\(kernel.steps)"),
        .init(Quantity.digits(kernel.flopsPerSecond / 1e9)),
        .init(Quantity.percent(kernel.peakFraction)),
      ])
    }
    return grid
  }

  /// When the rates were measured, and how to measure them again.
  private static func origin(_ report: MachineReport, _ rates: MachineRates) -> String {
    guard report.isCached, let age = rates.age() else { return "measured now" }
    let load = rates.load.map { " at load \(Quantity.digits($0))" } ?? ""
    return "measured at \(rates.measuredAt), \(Quantity.age(age))\(load); --refresh measures again"
  }

  private static func topology(_ cpu: CPUDescription) -> String {
    func count(_ number: Int, _ name: String) -> String {
      "\(number) \(name)\(number == 1 ? "" : "s")"
    }
    return [
      count(cpu.sockets, "socket"), count(cpu.physicalCores, "core"),
      count(cpu.threadsPerCore, "thread") + " a core", count(cpu.logicalCPUs, "CPU"),
    ].joined(separator: ", ")
  }

  private static func usable(_ cores: CoreBudget) -> String {
    let quota = cores.cgroupQuota.map { "a quota of \(Quantity.digits($0)) CPUs" } ?? "no quota"
    return "\(cores.usableCores): affinity to \(cores.affinityCores) "
      + "(CPUs \(cores.cpuRanges)), \(quota) of the control group"
  }

  private static func description(_ report: MachineReport) -> [(String, String)] {
    let machine = report.machine
    let caches = machine.caches
    let sizes = [("L1d", caches.l1d), ("L2", caches.l2), ("L3", caches.l3 ?? 0)]
      .filter { $0.1 > 0 }.map { "\($0.0) \(Quantity.bytes($0.1))" }
    let commit = machine.build.commit.map { " of \($0.prefix(12))" } ?? ""
    let dirty = machine.build.isDirty == true ? " with changes" : ""
    return [
      ("fingerprint", report.fingerprint),
      ("CPU", machine.cpu.model),
      ("kernels", machine.instructionSets.joined(separator: ", ")),
      ("topology", topology(machine.cpu)),
      ("usable cores", usable(machine.cores)),
      ("caches", sizes.joined(separator: ", ")),
      (
        "memory",
        "\(Quantity.bytes(machine.memory.available)) free of \(Quantity.bytes(machine.memory.total))"
      ),
      ("system", machine.kernel),
      ("governor", machine.governor ?? ""),
      ("load", machine.loadAverage.map { Quantity.digits($0) }.joined(separator: ", ")),
      (
        "OpenBLAS",
        "\(machine.libraries.openBLASVersion), \(machine.libraries.openBLASCore) kernels"
      ),
      ("FFTW", machine.libraries.fftwVersion),
      (
        "build",
        "Swift \(machine.build.swiftVersion), \(machine.build.configuration)\(commit)\(dirty)"
      ),
    ]
  }
}
