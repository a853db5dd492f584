import Convolution
import Foundation
import Measurement
import Reporting

/// `machine`: what the figures depend on, and the rates that bound them.
enum MachineCommand {
  /// Measures and prints the machine.
  static func run(_ options: Options) throws -> ExitStatus {
    let threads = Set([1, CoreBudget.current().usableCores]).sorted()
    let report = MachineReport.measure(threads: threads)
    if options.writesJSON {
      try Console.print(JSONValue(encoding: report).description + "\n")
    } else {
      let style = OutputChoice.style(options)
      try Console.print(lines(report, style).map { $0 + "\n" }.joined())
    }
    for warning in report.warnings { Console.note("warning", warning) }
    return .success
  }

  private static func lines(_ report: MachineReport, _ style: TerminalStyle) -> [String] {
    let width = OutputChoice.width
    var facts = TextGrid(columns: [.init(title: ""), .init(title: "")])
    for (name, value) in description(report) where !value.isEmpty {
      facts.rows.append([.init(name, .faint), .init(value)])
    }
    var peaks = TextGrid(columns: [
      .init(title: "peak"), .init(title: "threads", isRightAligned: true),
      .init(title: "GFLOP/s", isRightAligned: true),
    ])
    for peak in report.peaks {
      peaks.rows.append([
        .init(peak.isa), .init("\(peak.threads)"),
        .init(Quantity.digits(peak.flopsPerSecond.best / 1e9)),
      ])
    }
    var bandwidths = TextGrid(columns: [
      .init(title: "reading"), .init(title: "threads", isRightAligned: true),
      .init(title: "GB/s", isRightAligned: true),
    ])
    for bandwidth in report.bandwidths {
      bandwidths.rows.append([
        .init(bandwidth.level.rawValue), .init("\(bandwidth.threads)"),
        .init(Quantity.digits(bandwidth.bytesPerSecond / 1e9)),
      ])
    }
    return facts.lines(width: width, style: style).dropFirst() + [""]
      + peaks.lines(width: width, style: style) + [""]
      + bandwidths.lines(width: width, style: style)
  }

  private static func description(_ report: MachineReport) -> [(String, String)] {
    let machine = report.machine
    let caches = machine.caches
    let sizes = [("L1d", caches.l1d), ("L2", caches.l2), ("L3", caches.l3 ?? 0)]
      .filter { $0.1 > 0 }.map { "\($0.0) \(Quantity.bytes($0.1))" }
    let quota = machine.cores.cgroupQuota.map { ", quota of \(Quantity.digits($0)) CPUs" } ?? ""
    let commit = machine.build.commit.map { " of \($0.prefix(12))" } ?? ""
    let dirty = machine.build.isDirty == true ? " with changes" : ""
    return [
      ("fingerprint", report.fingerprint),
      ("CPU", machine.cpu.model),
      ("kernels", machine.instructionSets.joined(separator: ", ")),
      (
        "cores",
        "\(machine.cores.usableCores) usable, \(machine.cpu.logicalCPUs) CPUs in all\(quota)"
      ),
      ("caches", sizes.joined(separator: ", ")),
      (
        "memory",
        "\(Quantity.bytes(machine.memory.available)) free of \(Quantity.bytes(machine.memory.total))"
      ),
      ("system", machine.kernel),
      ("governor", machine.governor ?? ""),
      ("load", machine.loadAverage.map { Quantity.digits($0) }.joined(separator: ", ")),
      (
        "OpenBLAS",
        "\(machine.libraries.openBLASVersion), \(machine.libraries.openBLASCore) kernels"
      ),
      ("FFTW", machine.libraries.fftwVersion),
      (
        "build",
        "Swift \(machine.build.swiftVersion), \(machine.build.configuration)\(commit)\(dirty)"
      ),
    ]
  }
}
