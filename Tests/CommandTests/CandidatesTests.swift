import Foundation
import Testing

@testable import Backends

@Suite struct CandidatesTests {
  private static let list = [
    "list", "backends", "--layer", "vgg16-conv3_1", "--threads", "1", "--candidates",
  ]

  /// The cells of the rows below the titles of a backend's candidates.
  private func rows(_ text: String, of backend: String) -> [[String: String]] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.firstIndex(where: { $0.hasPrefix("candidates of \(backend),") }) else {
      return []
    }
    let titles = lines[start + 1].split(separator: " ").map(String.init)
    return lines[(start + 2)...].prefix { !$0.isEmpty }.map { line in
      let cells = line.split(separator: " ").dropFirst().map(String.init)
      return Dictionary(uniqueKeysWithValues: zip(titles, cells))
    }
  }

  @Test func whatIsWeighedIsListed() throws {
    let outcome = try CommandProcess.run(Self.list + ["--backend", "winograd,direct,fft"])
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
    #expect(outcome.output.contains("direct    takes it"))
    #expect(!outcome.output.contains("candidates of direct"))
    for (name, variants, schedules) in [
      ("winograd", WinogradBackend().variants, WinogradBackend().schedules),
      ("fft", FFTBackend().variants, FFTBackend().schedules),
    ] {
      let rows = rows(outcome.output, of: name)
      // Not strips, which take few channels only, nor 4 and 3, as 56 are 14·4.
      let tiles = variants.filter { !$0.hasPrefix("f1x") && $0 != "f4+3" }
      #expect(Set(rows.map { $0["tile"] }) == Set(tiles))
      #expect(rows.count == schedules.count * tiles.count)
      #expect(rows.filter { $0["verdict"] == "chosen" }.count == 1)
      let totals = rows.compactMap { $0["total"].flatMap { Double($0) } }
      #expect(totals == totals.sorted() && totals.first.map { $0 > 0 } == true)
      for row in rows where row["total"] != "–" {
        let value = { (title: String) in Double(row[title] ?? "") ?? .nan }
        let sum =
          value("input") + value("gemm") + value("weights") + value("spectra") + value("output")
        #expect(abs(sum - value("total")) < 0.01 * value("total"), "\(row)")
      }
    }
  }

  @Test func theErrorLimitIsTold() throws {
    let outcome = try CommandProcess.run(
      Self.list + ["--backend", "winograd,fft", "--max-error", "2e-6"])
    let refused = outcome.output.split(separator: "\n").filter {
      $0.contains("refused: expected error above the limit of 2e-06")
    }
    #expect(refused.count == 12, "f5, f5+4, f6 and f6+4 in all three schedules")
    #expect(
      rows(outcome.output, of: "winograd").first { $0["verdict"] == "chosen" }?["tile"] == "f4")
    let strict = try CommandProcess.run(
      Self.list + ["--backend", "winograd", "--max-error", "1e-9"])
    #expect(strict.output.contains("no: no tile is as accurate as 1e-09: f2, the most accurate,"))
    #expect(!strict.output.contains("candidates of"))
  }

  @Test func aForcedTileHasItsOwnTable() throws {
    let outcome = try CommandProcess.run(Self.list + ["--backend", "winograd-f4,winograd-f2"])
    #expect(Set(rows(outcome.output, of: "winograd-f4").map { $0["tile"] }) == ["f4"])
    #expect(Set(rows(outcome.output, of: "winograd-f2").map { $0["tile"] }) == ["f2"])
  }
}
