import Foundation
import Measurement
import Testing

@testable import conv_bench

@Suite struct MachineCacheTests {
  private static let now = Date(timeIntervalSince1970: 1_800_000_000)
  private let folder: Folder
  private let cache: MachineCache
  private let rates: MachineRates

  init() throws {
    folder = try Folder()
    cache = try #require(MachineCache(environment: ["XDG_CACHE_HOME": folder.path]))
    let conditions = RateConditions(MachineDescription.current(), threads: [1])
    rates = MachineRates(
      conditions: conditions, measuredAt: "2026-01-01T00:00:00Z", load: nil,
      peaks: conditions.instructionSets.map {
        .init(isa: $0, threads: 1, flopsPerSecond: .init(best: 2e9, median: 1e9))
      }, bandwidths: [.init(level: .l1, threads: 1, bytesPerSecond: 1e9)])
  }

  /// What is wrong with the file; nil for rates that hold here.
  private func trouble() throws -> String? {
    switch cache.read(rates.conditions, now: Self.now) {
    case .nothing: return "nothing"
    case .unusable(let reason): return reason
    case .rates(let found):
      #expect(found == rates)
      return nil
    }
  }

  @Test func whatIsWrittenIsRead() throws {
    #expect(try trouble() == "nothing")
    try cache.write(rates)
    #expect(try trouble() == nil)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/conv-bench")
        == ["machine.json"])
  }

  struct Trouble: Sendable {
    let text: String
    let change: @Sendable (inout MachineRates) -> Void
  }

  static let troubles = [
    Trouble(text: "of another machine") { $0.conditions.fingerprint += "x" },
    Trouble(text: "of another host") { $0.conditions.host += "x" },
    Trouble(text: "of another build of conv-bench") { $0.conditions.buildTime = 1 },
    Trouble(text: "of another threads, usable cores") {
      $0.conditions.threads = [1, 99]
      $0.conditions.cores.cgroupQuota = 0.5
    },
    Trouble(text: "is not whole") { $0.peaks.removeLast() },
    Trouble(text: "is not whole") { $0.bandwidths[0].bytesPerSecond = -1 },
    Trouble(text: "was measured at '2999-01-01T00:00:00Z'") {
      $0.measuredAt = "2999-01-01T00:00:00Z"
    },
    Trouble(text: "was measured at 'yesterday'") { $0.measuredAt = "yesterday" },
  ]

  @Test(arguments: troubles) func whatDoesNotHoldHereIsNotTaken(trouble expected: Trouble) throws {
    var other = rates
    expected.change(&other)
    try cache.write(other)
    #expect(try trouble()?.contains(expected.text) == true)
    try cache.write(rates)
    #expect(try trouble() == nil, "replaced")
  }

  @Test(arguments: ["", "{", "{}", "[1]", "\u{0}", String(repeating: "x", count: 2 << 20)])
  func aFileThatIsNoCacheIsNotTaken(text: String) throws {
    try cache.write(rates)
    try folder.write("conv-bench/machine.json", text)
    #expect(try trouble() != nil)
  }

  @Test(arguments: [S_IFDIR, S_IFIFO]) func whatIsNoFileStays(type: mode_t) throws {
    let path = "\(folder.path)/conv-bench/machine.json"
    mkdir("\(folder.path)/conv-bench", 0o700)
    #expect((type == S_IFDIR ? mkdir(path, 0o700) : mkfifo(path, 0o600)) == 0)
    #expect(try trouble() == "is no regular file")
    #expect(throws: (any Error).self) { try cache.write(rates) }
  }

  @Test(
    arguments: [
      (["XDG_CACHE_HOME": "/a", "HOME": "/b"], "/a"), (["HOME": "/b"], "/b/.cache"),
      (["XDG_CACHE_HOME": "", "HOME": "/b"], "/b/.cache"),
      (["XDG_CACHE_HOME": "a", "HOME": "/b"], "/b/.cache"),
      (["HOME": ""], nil), ([:], nil),
    ] as [([String: String], String?)])
  func thePlaceFollowsTheEnvironment(environment: [String: String], folder: String?) {
    #expect(
      MachineCache(environment: environment)?.file.path
        == folder.map { $0 + "/conv-bench/machine.json" }
    )
  }
}
