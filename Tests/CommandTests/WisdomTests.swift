import Foundation
import Testing

@testable import conv_bench

/// FFTW's wisdom from run to run.
@Suite struct WisdomTests {
  private static let problem = [
    "--problem", "mb1ic8ih14oc8kh3ph1", "--threads", "1", "--samples", "3", "--warmup", "0",
    "--quiet",
  ]

  private struct Environment: Decodable {
    struct Libraries: Decodable { let fftwPlanning: String }
    let libraries: Libraries
    let fftwWisdom: Bool

    var planning: String { libraries.fftwPlanning }
  }

  private struct Document: Decodable { let environment: Environment }

  /// Runs with a JSON file; returns its environment.
  private func run(
    _ arguments: [String], in folder: Folder, expecting warning: String? = nil
  ) throws -> Environment {
    let outcome = try CommandProcess.run(
      arguments + Self.problem + ["--json", "r.json"], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("FFTW") == (warning != nil), "\(outcome.errors)")
    if let warning { #expect(outcome.errors.contains(warning), "\(outcome.errors)") }
    let data = Data(try #require(folder.text("r.json")).utf8)
    return try JSONDecoder().decode(Document.self, from: data).environment
  }

  private func files(_ folder: Folder) -> [String] {
    let path = "\(folder.path)/cache/conv-bench"
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  @Test func plansAreKeptForTheNextRun() throws {
    let folder = try Folder()
    let first = try run(["--backend", "fft"], in: folder)
    #expect(first.planning == "FFTW_MEASURE" && !first.fftwWisdom)
    let name = try #require(files(folder).first)
    #expect(files(folder).count == 1)
    #expect(name.hasPrefix("fftw-measure-") && name.hasSuffix(".wisdom"))
    let place = "cache/conv-bench/\(name)"
    let wisdom = try #require(folder.text(place))
    #expect(wisdom.contains("fftwf_wisdom"))

    // The same plans need no more wisdom; another tile does.
    #expect(try run(["--backend", "fft"], in: folder).fftwWisdom)
    #expect(folder.text(place) == wisdom)
    #expect(try run(["--backend", "fft-t32"], in: folder).fftwWisdom)
    let more = try #require(folder.text(place))
    #expect(Set(more.split(separator: "\n")).isStrictSuperset(of: wisdom.split(separator: "\n")))
    #expect(files(folder) == [name], "nothing hidden")
  }

  @Test func eachRigorHasItsOwn() throws {
    let folder = try Folder()
    _ = try run(["--backend", "fft"], in: folder)
    let patient = try run(["--backend", "fft", "--fftw-rigor", "patient"], in: folder)
    #expect(patient.planning == "FFTW_PATIENT" && !patient.fftwWisdom)
    let names = files(folder)
    #expect(names.map { $0.split(separator: "-")[1] } == ["measure", "patient"])
    // Each line of FFTW's says which plans it may stand for: `  (NAME 0 #xFLAGS …`.
    let flags = names.map { name in
      Set(
        (folder.text("cache/conv-bench/\(name)") ?? "").split(separator: "\n")
          .filter { $0.hasPrefix("  (") }.map { $0.split(separator: " ")[2] })
    }
    #expect(flags[0].isDisjoint(with: flags[1]) && !flags[0].isEmpty && !flags[1].isEmpty)
    let estimate = try run(["--backend", "fft", "--fftw-rigor", "estimate"], in: folder)
    #expect(estimate.planning == "FFTW_ESTIMATE" && !estimate.fftwWisdom)
    #expect(files(folder) == names, "an estimate is not worth keeping")
  }

  @Test(arguments: ["", "nonsense", "(fftw-3.3.10 fftwf_wisdom #x0 #x0 #x0 #x0\n", "\u{0}"])
  func aBrokenFileIsReplaced(text: String) throws {
    let folder = try Folder()
    _ = try run(["--backend", "fft"], in: folder)
    let place = "cache/conv-bench/\(try #require(files(folder).first))"
    let wisdom = try #require(folder.text(place))
    try folder.write(place, text)
    let environment = try run(
      ["--backend", "fft"], in: folder,
      expecting:
        "warning: \(folder.path)/\(place) holds no wisdom that this FFTW reads; planning anew")
    #expect(!environment.fftwWisdom)
    #expect(folder.text(place)?.contains("fftwf_wisdom") == true)
    // Cut off in the middle, it is as broken.
    try folder.write(place, String(wisdom.dropLast(wisdom.count / 3)))
    #expect(try !run(["--backend", "fft"], in: folder, expecting: "planning anew").fftwWisdom)
    #expect(try run(["--backend", "fft"], in: folder).fftwWisdom)
  }

  @Test func whoDoesNotTimeOnlyReads() throws {
    let folder = try Folder()
    let check = [
      "check", "--problem", "mb1ic8ih14oc8kh3ph1", "--backend", "fft", "--json", "c.json",
    ]
    #expect(try CommandProcess.run(check, in: folder).code == 0)
    #expect(files(folder).isEmpty)
    _ = try run(["--backend", "fft"], in: folder)
    #expect(try CommandProcess.run(check, in: folder).code == 0)
    #expect(folder.text("c.json")?.contains("\"fftwWisdom\": true") == true)
  }

  @Test func whoDoesNotTransformLeavesItAlone() throws {
    let folder = try Folder()
    let environment = try run(["--backend", "direct"], in: folder)
    #expect(environment.planning == "FFTW_MEASURE" && !environment.fftwWisdom)
    #expect(files(folder).isEmpty)
  }

  @Test func aFolderThatCannotBeWrittenIsTold() throws {
    let folder = try Folder()
    try folder.write("cache", "in the way")
    _ = try run(
      ["--backend", "fft"], in: folder, expecting: "warning: FFTW's wisdom is not kept: ")
    let outcome = try CommandProcess.run(
      ["--backend", "fft"] + Self.problem, in: folder,
      environment: ["CONV_BENCH_ALLOW_DEBUG": "1", "XDG_CACHE_HOME": "", "HOME": ""])
    #expect(outcome.code == 0)
    #expect(
      outcome.errors.contains(
        "warning: FFTW's wisdom is not kept: set HOME or XDG_CACHE_HOME to a folder"))
  }
}
