import Foundation
import Measurement
import Reporting

/// The rates that `machine` measured last, in `$XDG_CACHE_HOME/conv-bench/machine.json`, or below
/// `~/.cache` if that is not set.
///
/// Only `machine` uses it, which prints when they were measured. `run` measures peaks and bandwidths
/// in its own process, always: `peak_fraction` and `bound` compare a time with what the machine could
/// do at that time, and a rate of another day, clock frequency or neighbour on the machine would make
/// them numbers that nobody measured. The file holds one machine: rates under other conditions
/// (`RateConditions`) are measured again and replace it.
struct MachineCache {
  /// Where the file is.
  let path: String

  /// What the file holds.
  enum Content {
    /// There is no file.
    case nothing
    /// Rates that hold here and now.
    case rates(MachineRates)
    /// Something else, and what is wrong with it.
    case unusable(String)
  }

  /// The cache of the user who runs this; nil where neither variable names a folder.
  init?(environment: [String: String]) {
    // A relative path is invalid by the XDG specification and to be ignored.
    let places = [("XDG_CACHE_HOME", ""), ("HOME", "/.cache")]
    let folders = places.compactMap { name, rest in
      environment[name].flatMap { $0.hasPrefix("/") ? $0 + rest : nil }
    }
    guard let folder = folders.first else { return nil }
    path = folder + "/conv-bench/machine.json"
  }

  /// More bytes than any machine's rates take.
  private static let largest = 1 << 20

  /// Reads the rates that hold under `conditions`.
  func read(_ conditions: RateConditions, now: Date = Date()) -> Content {
    var info = stat()
    guard stat(path, &info) == 0 else {
      return errno == ENOENT ? .nothing : .unusable(String(cString: strerror(errno)))
    }
    // Opening a pipe would wait for its other end.
    guard info.st_mode & S_IFMT == S_IFREG else { return .unusable("is no regular file") }
    guard info.st_size <= Self.largest else { return .unusable("is too large") }
    guard let data = FileManager.default.contents(atPath: path) else {
      return .unusable("cannot be read")
    }
    guard let rates = try? JSONDecoder().decode(MachineRates.self, from: data) else {
      return .unusable("holds no rates that this version reads")
    }
    let differences = rates.conditions.differences(from: conditions)
    guard differences.isEmpty else {
      return .unusable("holds rates of another \(differences.joined(separator: ", "))")
    }
    guard rates.isWhole else { return .unusable("is not whole") }
    guard rates.age(now: now) != nil else {
      return .unusable("was measured at '\(rates.measuredAt)', which is not in the past")
    }
    return .rates(rates)
  }

  /// Puts the rates in the file's place, in one step.
  func write(_ rates: MachineRates) throws(OutputError) {
    let folder = (path as NSString).deletingLastPathComponent
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw OutputError(path, "cannot make the folder \(folder)")
    }
    var info = stat()
    guard stat(path, &info) != 0 || info.st_mode & S_IFMT == S_IFREG else {
      throw OutputError(path, "is no regular file")
    }
    let file = try OutputFile(path: path)
    // The handler keeps the file alive, so that it must be discarded here whatever is thrown.
    defer { file.discard() }
    Interruption.shared.onFirstSignal { file.discard() }
    try file.write(JSONValue(encoding: rates).description + "\n")
    try file.finish()
  }
}
