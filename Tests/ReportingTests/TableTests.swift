import Foundation
import Measurement
import Synchronization
import Testing

@testable import Reporting

@Suite struct TableTests {
  private let records = [
    Samples.record("direct", 4, width: 0.01),
    Samples.record("winograd", 1, variant: "f4 fused 12", width: 0.01),
    Samples.record("im2col", 8, width: 0.01),
    Samples.record("fft", 1.005, width: 0.01),
    Samples.record("gemm-1x1", nil, status: .unsupported, reason: "kernel 3x3, needs 1x1"),
    Samples.record("reference", nil, status: .wrong, reason: "n=0 k=1 p=2 q=3: got 1"),
  ]

  private func lines(width: Int = 120) -> [String] {
    TerminalTable(width: width).layer(records).split(separator: "\n").map(String.init)
  }

  @Test func backendsAreOrderedByTime() {
    let names = lines().compactMap { line in
      ["direct", "winograd", "im2col", "fft"].first { line.dropFirst(3).hasPrefix($0) }
    }
    #expect(names == ["winograd", "fft", "direct", "im2col"])
  }

  @Test func theFastestIsMarkedAndOverlapsAreTies() {
    #expect(lines().filter { $0.hasPrefix("▸") }.map { $0.contains("winograd") } == [true])
    #expect(lines().filter { $0.hasPrefix("≈") }.map { $0.contains("fft") } == [true])
  }

  @Test func aRowSaysWhatWasMeasured() throws {
    let line = try #require(lines().first { $0.contains("winograd") })
    for part in ["f4 fused 12", "1.000 ms", "± 1 %", "1000.0*", "200 %", "8.00× faster"] {
      #expect(line.contains(part), "\(part) in \(line)")
    }
    #expect(TerminalTable().legend(records).contains("* direct-equivalent"))
  }

  @Test func phasesHaveATableOfTheirOwn() throws {
    #expect(!lines().contains { $0.contains("phases of") })
    var phased = records
    phased[1].phases.inputMS = 0.25
    phased[1].phases.gemmMS = 1.5
    phased[1].phases.gemmBound = .l3
    phased[1].phases.waitingMS = 0.25
    let lines = TerminalTable(width: 120).layer(phased).split(separator: "\n").map(String.init)
    let title = try #require(lines.firstIndex { $0.contains("phases of") })
    #expect(lines[title].contains("variant") && lines[title].hasSuffix("waiting"))
    #expect(!lines[title].contains("reorder") && !lines[title].contains("output"))
    #expect(
      lines[title + 1].split(separator: " ").joined(separator: " ")
        == "winograd f4 fused 12 250.0 µs 12 % 1.500 ms 75 % l3 250.0 µs 12 %")
    #expect(!lines[title + 2].contains("fft"))
    let narrow = TerminalTable(width: 60).layer(phased).split(separator: "\n")
    #expect(narrow.allSatisfy { $0.count <= 60 })
  }

  @Test func forcedVariantsAreNamedWithTheirBackend() {
    let declined = "kernel 5x5"
    let text = TerminalTable(width: 120).layer([
      Samples.record("winograd", 2, variant: "f4 fused 12"),
      Samples.record("winograd", 1, variant: "f4 fused 12", forced: "f4"),
      Samples.record(
        "winograd", nil, status: .unsupported, reason: declined, variant: "f6", forced: "f6"),
      Samples.record(
        "winograd", nil, status: .failed, reason: "late", variant: "f2 fused 1", forced: "f2"),
    ])
    #expect(text.contains("▸  winograd-f4  f4 fused 12") && text.contains("   winograd     f4"))
    #expect(text.contains("not run: winograd-f6 (kernel 5x5)"))
    #expect(text.contains("! winograd-f2 f2 fused 1: failed: late"))
  }

  @Test func declinedAndWrongRowsSayWhy() {
    #expect(lines().contains { $0.contains("not run: gemm-1x1 (kernel 3x3, needs 1x1)") })
    #expect(lines().contains { $0.contains("✗ reference: wrong: n=0 k=1 p=2 q=3: got 1") })
  }

  @Test(arguments: [40, 60, 80, 100, 140])
  func linesKeepTheWidthAndEndWithText(width: Int) {
    let table = TerminalTable(width: width)
    let checks = table.layer([
      Samples.record("implicit-gemm", nil, variant: "13x32 kc 1152").checked(outputs: 4096)
    ])
    let totals = table.totals([
      Samples.record("implicit-gemm", 2, network: "densenet121", layer: "a"),
      Samples.record(
        "implicit-gemm", 2, network: "densenet121", layer: "b",
        problem: "mb1ic2ih1oc1oh1kh1", multiplicity: 20),
      Samples.record("fft", 1, network: "densenet121", layer: "b"),
    ])
    #expect(!checks.isEmpty && !totals.isEmpty)
    let more = (checks + totals + table.legend(records)).split(separator: "\n").map(String.init)
    for line in lines(width: width) + more {
      #expect(line.count <= width, "\(width): \(line)")
      #expect(line.last != " ")
      #expect(!line.contains("\u{1B}"))
    }
  }

  @Test func tiesAreNeitherFasterNorSlower() throws {
    func comparisons(_ records: [ResultRecord]) throws -> [String] {
      let section = try #require(LayerSection.sections(records).first)
      return section.timed.map(section.comparison)
    }
    let im2col = Samples.record("im2col", 8, width: 0.01)
    #expect(
      try comparisons([Samples.record("fft", 7.9, width: 0.01), im2col]) == ["tied", ""])
    #expect(
      try comparisons([Samples.record("fft", 2, width: 0.01), im2col]) == ["4.00× faster", ""])
    // Too few samples for an interval tell no tie.
    var few = Samples.record("fft", 10)
    (few.ci95LowMS, few.ci95HighMS) = (nil, nil)
    #expect(try comparisons([few, im2col]) == ["", "1.25× slower"])
  }

  @Test func theLegendExplainsWhatOccursAndNothingElse() {
    let steady = [
      Samples.record("direct", 4, width: 0.01), Samples.record("im2col", 8, width: 0.05),
    ]
    let table = TerminalTable(width: 200)
    #expect(table.legend(steady) == "▸ fastest\n")
    #expect(table.legend([steady[0]]).isEmpty)
    #expect(table.legend([Samples.record("direct", 4, width: 0.06)]).hasPrefix("± above 5 %: "))
    #expect(table.legend(records).contains("≈ tied with the fastest: 95 % intervals overlap"))
    let document = MarkdownExporter.document(records, run: Samples.run)
    #expect(
      document.contains("\n≈ tied with the fastest") && document.contains("\n\\* direct-equi"))
    #expect(!MarkdownExporter.document(steady, run: Samples.run).contains("± above 5 %"))
  }

  @Test func unsteadyTimesAreYellow() throws {
    let table = TerminalTable(style: TerminalStyle(isColored: true))
    let text = table.layer([
      Samples.record("direct", 4, width: 0.06), Samples.record("im2col", 8, width: 0.05),
    ])
    #expect(text.contains("\u{1B}[33m± 6 %\u{1B}[0m"))
    #expect(text.contains("\u{1B}[2m± 5 %\u{1B}[0m"))
  }

  @Test func onlyTimesAreLeftOfANarrowTable() {
    #expect(lines(width: 40).contains { $0.contains("1.000 ms  ± 1 %") })
    #expect(!lines(width: 40).contains { $0.contains("of peak") })
    #expect(lines(width: 140).contains { $0.contains("variant") })
    #expect(!lines(width: 80).contains { $0.contains("variant") })
    #expect(lines(width: 80).contains { $0.contains("faster") })
  }

  @Test func totalsAddMediansTimesMultiplicity() throws {
    let totals = NetworkTotal.totals([
      Samples.record("direct", 2, layer: "a", problem: "mb1ic1ih1oc1oh1kh1", multiplicity: 3),
      Samples.record("direct", 5, layer: "b", problem: "mb1ic2ih1oc1oh1kh1"),
      Samples.record("fft", 1, layer: "b", problem: "mb1ic2ih1oc1oh1kh1"),
      Samples.record("direct", 9, network: "", layer: "c"),
    ])
    #expect(totals.map(\.backend) == ["fastest per layer", "direct", "fft"])
    #expect(totals.map(\.totalMS) == [7, 11, 1])
    #expect(totals.map(\.isComplete) == [true, true, false])
    #expect(totals[1].layers == 4)
    #expect(abs(totals[1].gflops - 363.6363636) < 1e-6)
  }

  @Test func variantsOfOneBackendHaveTheirOwnTotals() {
    let totals = NetworkTotal.totals([
      Samples.record("winograd", 2, layer: "a", multiplicity: 2, forced: "f2"),
      Samples.record("winograd", 1, layer: "a", multiplicity: 2, forced: "f4"),
    ])
    #expect(
      totals.map(\.variant) == ["f4", "", "f2"] || totals.map(\.variant) == ["", "f4", "f2"])
    #expect(Set(totals.map(\.totalMS)) == [2, 4])
  }

  @Test func colorsFollowChoiceTerminalAndEnvironment() {
    func isColored(_ choice: ColorChoice, _ isTerminal: Bool, _ environment: [String: String])
      -> Bool
    {
      TerminalStyle(choice, isTerminal: isTerminal, environment: environment).isColored
    }
    #expect(isColored(.auto, true, [:]))
    #expect(!isColored(.auto, false, [:]))
    #expect(!isColored(.auto, true, ["NO_COLOR": "1"]))
    #expect(isColored(.auto, true, ["NO_COLOR": ""]))
    #expect(!isColored(.auto, true, ["TERM": "dumb"]))
    #expect(isColored(.always, false, ["NO_COLOR": "1"]))
    #expect(!isColored(.never, true, [:]))
    #expect(TerminalStyle(isColored: true)(.best, "x") == "\u{1B}[1;32mx\u{1B}[0m")
  }

  @Test(arguments: [
    (1.7182, "1.718 ms"), (0.99996, "1.000 ms"), (0.0163, "16.30 µs"), (1234.5, "1.234 s"),
    (0.000012, "12.00 ns"), (999.9, "999.9 ms"), (100, "100.0 ms"),
  ])
  func timesHaveFourDigitsAndAUnit(milliseconds: Double, text: String) {
    #expect(Quantity.time(milliseconds: milliseconds) == text)
  }

  @Test func barsAreInEighths() {
    #expect(Quantity.bar(0.5, width: 8) == "████")
    #expect(Quantity.bar(1.0 / 64, width: 8) == "▏")
    #expect(Quantity.bar(7, width: 2) == "██")
    #expect(Quantity.bar(.nan, width: 8) == "")
  }

  @Test func progressTellsPartAndTimeLeft() {
    let text = ProgressLine.text(fraction: 0.25, elapsed: 60, label: "vgg16 (2/8)", width: 79)
    #expect(text == "█████░░░░░░░░░░░░░░░  25 % 3:00 left  vgg16 (2/8)")
    #expect(ProgressLine.text(fraction: 0, elapsed: 9, label: "x", width: 10).count == 10)
  }

  /// Drawing costs time; but a step that may last minutes must be named when it begins.
  @Test func progressIsDrawnForANewLabelOrAfterAWhile() throws {
    let drawn = Mutex<[String]>([])
    let line = ProgressLine(isEnabled: true, width: 80) { text in
      drawn.withLock { $0.append(text) }
    }
    line.show(fraction: 0, elapsed: 0, label: "preparing")
    line.show(fraction: 0.1, elapsed: 0.01, label: "preparing")
    line.show(fraction: 0.1, elapsed: 0.02, label: "checking")
    line.show(fraction: 0.2, elapsed: 0.03, label: "checking")
    line.show(fraction: 0.3, elapsed: 0.2, label: "checking")
    line.clear()
    line.clear()
    let texts = drawn.withLock(\.self)
    try #require(texts.count == 4)
    #expect(texts.dropLast().allSatisfy { $0.hasPrefix("\r") && $0.hasSuffix("\u{1B}[K") })
    #expect(texts[1].contains("10 %") && texts[1].contains("checking"))
    #expect(texts[2].contains("30 %"))
    #expect(texts[3] == "\r\u{1B}[K")
  }

  @Test func markdownEscapesAndHoldsEveryRow() {
    let document = MarkdownExporter.document(
      records + [Samples.record("direct", nil, status: .failed, reason: "a|b*")], run: Samples.run)
    let rows = document.split(separator: "\n").filter { $0.hasPrefix("|") }
    #expect(rows.count == 2 + 7)
    #expect(document.contains("a\\|b\\*"))
    #expect(document.contains("**winograd**"))
  }
}

extension ResultRecord {
  /// The row as `check` makes it.
  fileprivate func checked(outputs: Int) -> ResultRecord {
    var record = self
    record.checkedOutputs = outputs
    (record.maxAbsError, record.relL2Error, record.errorBoundFraction) = (1e-7, 1e-7, 0.01)
    return record
  }
}
