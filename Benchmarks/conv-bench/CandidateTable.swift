import Backends
import Convolution
import Measurement
import Reporting

/// The tiles and schedules that backends weigh for a case, as their own cost model sees them.
enum CandidateTable {
  /// A table for each case of `group` whose backend weighs any and takes the problem.
  static func lines(_ group: [BenchmarkCase], _ style: TerminalStyle) -> [String] {
    group.flatMap { benchmark -> [String] in
      guard let backend = benchmark.backend as? any WeighingBackend,
        let candidates = try? backend.candidates(benchmark.problem, benchmark.options)
      else { return [] }
      let options = benchmark.options
      let peak = MachineProfile.shared.peak(options.isa, threads: options.threads).best
      // The model counts cycles; how long they take now, the peak says.
      let cyclesPerMS = peak / Double(options.threads) / options.isa.flopsPerCycle / 1e3
      let title =
        "candidates of \(benchmark.backendName), predicted ms on \(options.threads) "
        + "thread\(options.threads == 1 ? "" : "s") at \(Quantity.rate(peak / 1e9)) GFLOP/s of peak, "
        + "\(options.isa), \(options.layout):"
      return ["", style(.faint, title)]
        + grid(candidates, cyclesPerMS).lines(width: .max, style: style)
    }
  }

  private static func grid(_ candidates: [PlanCandidate], _ cyclesPerMS: Double) -> TextGrid {
    let numbers = ["block", "total", "input", "gemm", "weights", "spectra", "output", "error"]
    var grid = TextGrid(
      columns: [.init(title: ""), .init(title: "tile"), .init(title: "schedule")]
        + numbers.map { .init(title: $0, isRightAligned: true) }
        + [.init(title: "weights-MiB", isRightAligned: true), .init(title: "verdict")])
    let chosen = candidates.first(where: \.isChosen)?.cost?.cycles
    for candidate in ordered(candidates) {
      let role: TerminalStyle.Role? = candidate.isChosen ? .best : nil
      let cost = candidate.cost
      let terms = [
        cost?.cycles, cost?.input, cost?.product, cost?.waiting, cost?.spectra, cost?.output,
      ]
      grid.rows.append(
        [
          .init(candidate.isChosen ? "▸" : "–", role ?? .faint), .init(candidate.variant, role),
          .init(candidate.schedule, role), .init("\(candidate.tiles)"),
        ]
          + terms.map { .init($0.map { Quantity.digits($0 / cyclesPerMS) } ?? "–", role) }
          + [
            .init(Quantity.error(candidate.expectedError)),
            .init(Quantity.digits(Double(candidate.weightsBytes) / 0x1p20)),
            .init(verdict(candidate, chosen: chosen), role ?? .faint),
          ])
    }
    return grid
  }

  /// The cheapest first; what is impossible comes last.
  private static func ordered(_ candidates: [PlanCandidate]) -> [PlanCandidate] {
    candidates.sorted { ($0.cost?.cycles ?? .infinity) < ($1.cost?.cycles ?? .infinity) }
  }

  /// Why a candidate is chosen, or is not.
  private static func verdict(_ candidate: PlanCandidate, chosen: Double?) -> String {
    if candidate.isChosen { return "chosen" }
    if let refusal = candidate.refusal { return "refused: \(refusal)" }
    guard let chosen, let cycles = candidate.cost?.cycles else { return "" }
    return "\(Quantity.ratio(cycles / chosen)) the time"
  }
}
