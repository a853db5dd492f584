import Backends
import Convolution
import Foundation
import Measurement

/// The cases of a run, grouped by problem: those of one group are measured against each other.
struct CasePlan {
  /// The cases of one problem each.
  let groups: [[BenchmarkCase]]
  /// For each group the earlier one of another network with equal cases, if there is one: what is
  /// measured for that counts for both.
  let twins: [Int?]

  /// Everything that the options ask for.
  ///
  /// - Throws: `CommandError`, also when no case is left.
  init(_ options: Options) throws(CommandError) {
    try self.init(options, backends: BackendChoice.selected(by: options)) { benchmark in
      // Unless asked for, `auto` takes part where it knows more than a guess.
      let isGuess = options.backends.isEmpty && Tuning.choice(benchmark)?.absence != nil
      return !isGuess && options.filter?.matches(benchmark.label) ?? true
    }
  }

  /// Every backend that `auto` may choose, on the problems whose name the filter matches.
  static func tuning(_ options: Options) throws(CommandError) -> CasePlan {
    try CasePlan(options, backends: BackendChoice.tuned) {
      options.filter?.matches($0.layerName) ?? true
    }
  }

  private init(
    _ options: Options, backends: [BackendChoice], isWanted: (BenchmarkCase) -> Bool
  ) throws(CommandError) {
    let defaults = [WorkItem.defaultNetwork]
    let items = try WorkItem.selected(by: options, defaults: defaults)
    for item in items { try Self.requireMemory(for: item) }
    let conditions = Self.conditions(options)
    groups = items.map { item in
      conditions.flatMap { condition in
        backends.map { Self.benchmark(item, $0, condition) }
      }.filter(isWanted)
    }.filter { !$0.isEmpty }
    guard !groups.isEmpty else {
      let filter = options.filter.map { "--filter '\($0.pattern)' matches no case" }
      throw .unmeasured("\(filter ?? "nothing is selected"); --dry-run shows the cases there are")
    }
    twins = Self.twins(groups)
  }

  private static func twins(_ groups: [[BenchmarkCase]]) -> [Int?] {
    var first: [[CaseShape]: Int] = [:]
    return groups.enumerated().map { index, group in
      // A problem given by hand twice is meant twice.
      guard !group[0].network.isEmpty else { return nil }
      let shape = group.map(CaseShape.init)
      guard let twin = first[shape], groups[twin][0].network != group[0].network else {
        first[shape] = first[shape] ?? index
        return nil
      }
      return twin
    }
  }

  /// Refuses a problem whose tensors alone exceed the machine's memory, before anything is allocated.
  private static func requireMemory(for item: WorkItem) throws(CommandError) {
    guard let excess = MemoryExcess(item.problem) else { return }
    throw .usage("\(item.fullName): \(excess); use smaller sizes or a smaller batch (--mb)")
  }

  /// All cases.
  var cases: [BenchmarkCase] { groups.flatMap(\.self) }

  /// The groups, each with its place among all cases that are measured.
  var places: [(RunProgress.Place, [BenchmarkCase])] {
    let counts = zip(groups, twins).map { group, twin in twin == nil ? group.count : 0 }
    let total = counts.reduce(0, +)
    var done = 0
    return zip(groups, counts).map { group, count in
      defer { done += count }
      return (RunProgress.Place(first: done, count: count, total: total), group)
    }
  }

  /// The largest number of threads.
  var threads: Int { cases.map(\.options.threads).max() ?? 1 }

  /// Instruction set, layout and threads, in all combinations asked for.
  private static func conditions(_ options: Options) -> [PlanOptions] {
    let threads = ThreadCounts.allowed(options.threads)
    let layouts = unique(options.layouts.isEmpty ? [.nchw] : options.layouts)
    return layouts.flatMap { layout in
      threads.map {
        PlanOptions(
          isa: options.isa ?? .best, threads: $0, layout: layout, bias: options.computesBias,
          relu: options.appliesReLU, maxError: options.maxError, rigor: options.rigor,
          flopsPerThread: PlanOptions.worthAThread)
      }
    }
  }

  private static func benchmark(
    _ item: WorkItem, _ choice: BackendChoice, _ condition: PlanOptions
  ) -> BenchmarkCase {
    var options = condition
    options.variant = choice.variant
    return BenchmarkCase(
      network: item.network, layer: item.name, multiplicity: item.multiplicity,
      problem: item.problem, backend: choice.backend, options: options)
  }
}

/// What makes two cases the same measurement, whatever their layers are called.
private struct CaseShape: Hashable {
  let problem: ConvolutionProblem
  let backend: String
  let options: PlanOptions

  init(_ benchmark: BenchmarkCase) {
    (problem, backend) = (benchmark.problem, benchmark.backend.name)
    options = benchmark.options
  }
}

/// The numbers of threads that this process may use.
enum ThreadCounts {
  /// Those asked for, each at most what the process may use; all usable cores if none is.
  static func allowed(_ wanted: [Int]) -> [Int] {
    let budget = CoreBudget.current()
    guard !wanted.isEmpty else { return [budget.usableCores] }
    let most = max(1, min(budget.cpus.count, budget.cgroupQuota.map { Int($0) } ?? .max))
    for threads in unique(wanted) where threads > most {
      Console.note(
        "warning",
        "--threads: \(threads) is more than the \(most) that this process may use; "
          + "using \(most)")
    }
    return unique(wanted.map { min($0, most) })
  }
}

/// The elements without repetitions, in their order.
private func unique<Element: Hashable>(_ elements: [Element]) -> [Element] {
  var seen: Set<Element> = []
  return elements.filter { seen.insert($0).inserted }
}

extension BenchmarkCase {
  /// What `--filter` looks at: `vgg16-conv3_1/winograd-f4/avx512/nchw/2t`.
  var label: String {
    "\(layerName)/\(backendName)/\(options.isa)/\(options.layout)/\(options.threads)t"
  }

  /// `vgg16-conv3_1`, or the problem itself if it has no name.
  var layerName: String {
    let item = network.isEmpty ? layer : "\(network)-\(layer)"
    return item.isEmpty ? problemText : item
  }

  /// `winograd`; `winograd-f4` when that is forced.
  var backendName: String { backend.name + (options.variant.map { "-" + $0 } ?? "") }
}
