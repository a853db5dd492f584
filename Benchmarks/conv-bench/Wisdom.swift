import Backends
import Convolution
import Foundation
import Measurement
import Reporting

/// What FFTW learnt in earlier runs, for a command that plans its transforms.
///
/// It is kept in `fftw-RIGOR-MACHINE.wisdom` beside the machine's rates: a file belongs to a machine and
/// to a rigor, so that no run gets plans of another rigor than it asks for. Wisdom saves the time of
/// planning, and later runs get the same plans: measured anew, they differ from process to process.
struct Wisdom {
  /// Whether some was found.
  let isAdopted: Bool
  private let file: CacheFile?
  private let hasNoPlace: Bool
  /// What FFTW knew before the command planned anything.
  private let known: Set<Substring>

  /// Adopts what there is for `cases`; a warning tells of a file that holds something else.
  init(
    _ rigor: PlanningRigor, _ cases: [BenchmarkCase],
    machine: String = MachineDescription.current().fingerprint,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    // Estimates measure nothing that is worth keeping.
    let isUseful = rigor != .estimate && cases.contains { $0.backend.mayPlanByFFTW }
    let name = "fftw-\(rigor.rawValue)-\(machine.replacing("/", with: "-")).wisdom"
    file = isUseful ? CacheFile(name, environment: environment) : nil
    hasNoPlace = isUseful && file == nil
    isAdopted = file.map(Self.adopt) ?? false
    known = Self.current()
  }

  private static func adopt(_ file: CacheFile) -> Bool {
    let trouble: String
    switch file.read() {
    case .nothing: return false
    case .unusable(let reason): trouble = reason
    case .data(let data):
      if FFTWWisdom.adopt(String(decoding: data, as: UTF8.self)) { return true }
      trouble = "holds no wisdom that this FFTW reads"
    }
    Console.note("warning", "\(file.path) \(trouble); planning anew")
    return false
  }

  /// Keeps what FFTW knows now, if that is more than before.
  func keep() {
    guard Self.current() != known else { return }
    if hasNoPlace {
      Console.note(
        "warning", "FFTW's wisdom is not kept: set HOME or XDG_CACHE_HOME to a folder")
    }
    do {
      try file?.write(FFTWWisdom.current())
    } catch {
      Console.note("warning", "FFTW's wisdom is not kept: \(error)")
    }
  }

  /// The lines of what FFTW knows; their order is its own affair.
  private static func current() -> Set<Substring> {
    Set(FFTWWisdom.current().split(separator: "\n"))
  }
}
