/// What the processor says it is.
public struct CPUDescription: Codable, Hashable, Sendable {
  /// `AuthenticAMD`, `GenuineIntel`, …; empty if unknown.
  public var vendor: String
  /// The model's name as the processor gives it.
  public var model: String
  /// x86 family, model and stepping; nil elsewhere.
  public var family: Int?
  /// See `family`.
  public var modelNumber: Int?
  /// See `family`.
  public var stepping: Int?
  /// The vector extensions among its features, as Linux names them.
  public var vectorFeatures: [String]
  /// Packages that hold the cores; 1 where the system tells none.
  public var sockets: Int
  /// Cores, siblings of simultaneous multithreading counted once.
  public var physicalCores: Int
  /// CPUs of the core that has most of them: 2 with simultaneous multithreading, else 1.
  public var threadsPerCore: Int
  /// Processors that the system schedules on.
  public var logicalCPUs: Int

  /// Reads the text of `/proc/cpuinfo`.
  public init(cpuinfo: String) {
    let blocks = cpuinfo.split(separator: "\n\n").map { SystemText.fields($0) }
    let processors = blocks.filter { $0["processor"] != nil }
    let first = processors.first ?? [:]
    vendor = first["vendor_id"] ?? first["CPU implementer"] ?? ""
    model = first["model name"] ?? first["CPU part"].map { "part \($0)" } ?? "unknown"
    family = first["cpu family"].flatMap(Int.init)
    modelNumber = first["model"].flatMap(Int.init)
    stepping = first["stepping"].flatMap(Int.init)
    let flags = (first["flags"] ?? first["Features"] ?? "").split(separator: " ")
    vectorFeatures = flags.map(String.init).filter { flag in
      Self.vectorPrefixes.contains { flag.hasPrefix($0) }
    }
    logicalCPUs = max(1, processors.count)
    let cores = Dictionary(grouping: processors) {
      "\($0["physical id"] ?? "0")/\($0["core id"] ?? $0["processor"]!)"
    }
    physicalCores = max(1, cores.count)
    threadsPerCore = cores.values.map(\.count).max() ?? 1
    sockets = max(1, Set(processors.map { $0["physical id"] ?? "0" }).count)
  }

  /// The processor that this runs on.
  public static let current = CPUDescription(cpuinfo: SystemText.read("/proc/cpuinfo") ?? "")

  private static let vectorPrefixes = ["sse", "ssse", "avx", "fma", "f16c", "amx", "asimd", "sve"]

  /// The model in letters, digits and dashes with family and model number: `AMD-EPYC-f26m2`.
  public var shortName: String {
    let noise = ["(R)", "(TM)", "(r)", "(tm)", " CPU", " Processor", "@"]
    let name = noise.reduce(model) { text, word in
      text.split(separator: word, omittingEmptySubsequences: false).joined()
    }
    let words = name.split { !($0.isLetter || $0.isNumber || $0 == ".") }.joined(separator: "-")
    guard let family, let modelNumber else { return words }
    return "\(words)-f\(family)m\(modelNumber)"
  }
}
