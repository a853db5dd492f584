import Glibc

/// How long this process's threads were ready to run and had no core, as Linux counts it
/// (`/proc/self/task/*/schedstat`): what other programs, or too many threads, took from a measurement.
///
/// What a hypervisor takes is not in it.
public struct CoreWait: Sendable {
  private let waits: [Int: Double]

  private init(waits: [Int: Double]) { self.waits = waits }

  /// Seconds so far of every thread of this process; nil where the system does not tell.
  public static func now(root: String = "/proc/self") -> CoreWait? {
    guard let folder = opendir("\(root)/task") else { return nil }
    defer { closedir(folder) }
    var waits: [Int: Double] = [:]
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      // Nanoseconds on a core, nanoseconds of waiting for one, turns.
      guard let thread = Int(name), let text = SystemText.read("\(root)/task/\(name)/schedstat"),
        let wait = text.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
      else { continue }
      waits[thread] = wait * 1e-9
    }
    return waits.isEmpty ? nil : CoreWait(waits: waits)
  }

  /// Seconds since `earlier` of the thread that waited longest.
  public func longest(since earlier: CoreWait) -> Double {
    waits.map { $1 - (earlier.waits[$0] ?? 0) }.max() ?? 0
  }
}
