import Foundation
import Testing

@testable import Measurement

@Suite struct MachineRatesTests {
  private static func rates() -> MachineRates {
    let machine = MachineDescriptionTests.machine()
    let conditions = RateConditions(machine, threads: [1, 2])
    return MachineRates(
      conditions: conditions, measuredAt: "2026-01-01T00:00:00Z", load: 0.1,
      peaks: conditions.threads.flatMap { threads in
        conditions.instructionSets.map { isa in
          MachineRates.Peak(
            isa: isa, threads: threads, flopsPerSecond: MeasuredRate(best: 2e9, median: 1e9))
        }
      }, bandwidths: [.init(level: .l1, threads: 1, bytesPerSecond: 1e9)])
  }

  @Test func nothingDiffersFromItself() {
    #expect(Self.rates().conditions.differences(from: Self.rates().conditions).isEmpty)
    #expect(Self.rates().isWhole)
  }

  @Test func differencesAreNamed() {
    let conditions = Self.rates().conditions
    var other = conditions
    other.host = "elsewhere"
    other.caches.l2 *= 2
    #expect(conditions.differences(from: other) == ["host", "caches"])
  }

  @Test func ratesThatAreMissingOrNoRatesAreFound() {
    let changes: [(inout MachineRates) -> Void] = [
      { $0.peaks.removeFirst() }, { $0.peaks.swapAt(0, 1) }, { $0.bandwidths = [] },
      { $0.peaks[1].flopsPerSecond.median = 0 }, { $0.bandwidths[0].bytesPerSecond = .infinity },
    ]
    for change in changes {
      var rates = Self.rates()
      change(&rates)
      #expect(!rates.isWhole)
    }
  }

  @Test func theAgeIsThatOfThePast() throws {
    let start = try Date("2026-01-01T00:00:00Z", strategy: .iso8601)
    #expect(Self.rates().age(now: start.addingTimeInterval(90)) == 90)
    #expect(Self.rates().age(now: start.addingTimeInterval(-0.5)) == 0)
    #expect(Self.rates().age(now: start.addingTimeInterval(-2)) == nil)
  }
}
