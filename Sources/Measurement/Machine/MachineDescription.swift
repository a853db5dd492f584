import Backends
import Convolution
import Foundation

/// Everything about the machine, the process and its libraries that a figure depends on.
public struct MachineDescription: Codable, Hashable, Sendable {
  /// The processor.
  public var cpu: CPUDescription
  /// Instruction sets that have kernels here and that this CPU runs, best first.
  public var instructionSets: [String]
  /// Cores that may be used.
  public var cores: CoreBudget
  /// Caches.
  public var caches: CacheHierarchy
  /// Memory.
  public var memory: MemoryBudget
  /// Kernel name, release and machine type.
  public var kernel: String
  /// Frequency governor of the first CPU; nil where there is none to read.
  public var governor: String?
  /// Load averages over 1, 5 and 15 minutes.
  public var loadAverage: [Double]
  /// Seconds of the clock's smallest step.
  public var clockResolution: Double
  /// Libraries.
  public var libraries: LibraryBuilds
  /// The executable.
  public var build: BuildDescription
  /// The command line.
  public var commandLine: [String]

  /// Describes the machine now.
  public static func current() -> MachineDescription {
    MachineDescription(
      cpu: .current, instructionSets: InstructionSet.available.map(\.rawValue), cores: .current(),
      caches: .current, memory: .current(), kernel: kernelText(),
      governor: SystemText.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
      loadAverage: currentLoadAverage(), clockResolution: MonotonicClock().resolution,
      libraries: .current, build: .current, commandLine: CommandLine.arguments)
  }

  /// Load averages over 1, 5 and 15 minutes; empty where there are none to read.
  public static func currentLoadAverage() -> [Double] {
    (SystemText.read("/proc/loadavg") ?? "").split(separator: " ").prefix(3)
      .compactMap { Double($0) }
  }

  /// The `machine` column: CPU model, best instruction set, usable cores and library builds, such as
  /// `AMD-EPYC-f26m2-avx512-2c-openblas0.3.21-Cooperlake-fftw3.3.10`. It names no host.
  public var fingerprint: String {
    [
      cpu.shortName, instructionSets.first ?? "none", "\(cores.usableCores)c",
      "openblas\(libraries.openBLASVersion)", libraries.openBLASCore,
      "fftw\(libraries.fftwNumber)",
    ].joined(separator: "-")
  }

  private static func kernelText() -> String {
    let name = SystemText.systemName()
    return "\(name.system) \(name.release) \(name.machine)"
  }
}
