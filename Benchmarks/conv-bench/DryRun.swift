import Convolution
import Measurement
import Networks
import Reporting

/// The cases of a plan, without running them.
enum DryRun {
  /// A line for each case: the label, the work, and why it would be declined.
  static func text(_ plan: CasePlan, width: Int) -> String {
    var grid = TextGrid(columns: [
      .init(title: "case"), .init(title: "GFLOP", isRightAligned: true), .init(title: "note"),
    ])
    var declined = 0
    var repeated = 0
    let twins = zip(plan.groups, plan.twins).flatMap { group, twin in
      group.indices.map { place in (group[place], twin.map { plan.groups[$0][place] }) }
    }
    for (benchmark, twin) in twins {
      var note = twin.map { "measured as \($0.layerName)" } ?? ""
      do throws(Unsupported) {
        try benchmark.backend.validate(benchmark.problem, benchmark.options)
        if twin != nil { repeated += 1 }
        if let choice = Tuning.choice(benchmark) { note = "\(choice.name), \(choice.note)" }
      } catch {
        note = "unsupported: \(error.reason)"
        declined += 1
      }
      grid.rows.append([
        .init(benchmark.label), .init(Quantity.digits(benchmark.problem.gflop)), .init(note),
      ])
    }
    let count = plan.cases.count
    let summary =
      "\(count) case\(count == 1 ? "" : "s")" + (declined > 0 ? ", \(declined) unsupported" : "")
      + (repeated > 0 ? ", \(repeated) measured with an equal one of another network" : "")
    return (grid.lines(width: width, style: .plain) + [summary]).map { $0 + "\n" }.joined()
  }
}

extension BenchmarkCase {
  /// The problem in benchdnn's syntax.
  var problemText: String { ProblemDescriptor.format(problem) }
}
