import Backends
import Convolution
import Foundation
import Networks
import Reporting

/// `list`: what there is, and which backend takes which layer.
enum ListCommand {
  /// What can be listed.
  enum Kind: String, CaseIterable {
    case layers, networks, backends
  }

  /// Prints a list. Layers given without a kind ask which backends take them.
  static func run(_ options: Options) throws -> ExitStatus {
    let kind = options.subject.flatMap(Kind.init) ?? (options.selectsNothing ? nil : .backends)
    let lines: [String]
    switch kind {
    case nil: throw CommandError.usage("list: say what: layers, networks or backends")
    case let kind? where options.showsCandidates && (kind != .backends || options.selectsNothing):
      throw CommandError.usage(
        "--candidates: belongs to a layer; write list backends --layer NAME --candidates")
    case .networks:
      guard options.selectsNothing else {
        throw CommandError.usage("list networks: shows all of them; list layers takes a selection")
      }
      lines = networks(options)
    case .layers: lines = try layers(options)
    case .backends: lines = try options.selectsNothing ? backends(options) : takers(options)
    }
    try Console.print(lines.map { $0 + "\n" }.joined())
    return .success
  }

  private static func networks(_ options: Options) -> [String] {
    var grid = TextGrid(columns: [
      .init(title: "network"), .init(title: "alias", dispensability: 1),
      .init(title: "layers", isRightAligned: true), .init(title: "GFLOP", isRightAligned: true),
      .init(title: "Mweights", isRightAligned: true), .init(title: "title", dispensability: 2),
    ])
    for network in LayerCatalog.builtIn.networks {
      let layers = network.layers.reduce(0) { $0 + $1.multiplicity }
      grid.rows.append([
        .init(network.name), .init(network.aliases.joined(separator: ", ")), .init("\(layers)"),
        .init(Quantity.digits(2e-9 * Double(network.multiplyAdds))),
        .init(Quantity.digits(1e-6 * Double(network.weightCount))), .init(network.title, .faint),
      ])
    }
    return grid.lines(width: OutputChoice.width, style: OutputChoice.style(options))
  }

  private static func layers(_ options: Options) throws(CommandError) -> [String] {
    let everything = LayerCatalog.builtIn.networks.map(\.name)
    let items = try WorkItem.selected(by: options, defaults: everything)
      .filter { options.filter?.matches($0.fullName) ?? true }
    guard !items.isEmpty else { throw .unmeasured("no layer matches --filter") }
    var grid = TextGrid(columns: [
      .init(title: "layer"), .init(title: "×", isRightAligned: true),
      .init(title: "GFLOP", isRightAligned: true), .init(title: "problem"),
    ])
    for item in items {
      grid.rows.append([
        .init(item.fullName), .init("\(item.multiplicity)"),
        .init(Quantity.digits(item.problem.gflop)),
        .init(ProblemDescriptor.format(item.problem), .faint),
      ])
    }
    return grid.lines(width: OutputChoice.width, style: OutputChoice.style(options))
  }

  private static func backends(_ options: Options) -> [String] {
    var grid = TextGrid(columns: [
      .init(title: "backend"), .init(title: "variants"), .init(title: "what", dispensability: 1),
    ])
    for backend in BackendList.all {
      grid.rows.append([
        .init(backend.name), .init(forcible(backend)),
        .init(backend.summary, .faint),
      ])
    }
    return grid.lines(width: OutputChoice.width, style: OutputChoice.style(options))
  }

  /// `f2, f4; each -fused, -staged; f1x4`
  private static func forcible(_ backend: any ConvolutionBackend) -> String {
    let schedules = backend.schedules.map { "-" + $0 }
    guard !schedules.isEmpty else { return backend.variants.joined(separator: ", ") }
    let (all, forcible) = (backend.variants, Set(backend.forcible))
    let free = all.filter { forcible.contains($0 + schedules[0]) }
    let groups = [free, schedules, all.filter { !free.contains($0) }].filter { !$0.isEmpty }
      .map { $0.joined(separator: ", ") }
    return groups[0] + "; each " + groups.dropFirst().joined(separator: "; ")
  }

  /// For each layer, every backend with what it says to it.
  private static func takers(_ options: Options) throws(CommandError) -> [String] {
    var all = options
    if all.backends.isEmpty && all.variant == nil { all.backends = ["all"] }
    let plan = try CasePlan(all)
    let style = OutputChoice.style(options)
    return plan.groups.enumerated().flatMap { index, group -> [String] in
      let names = group.map { $0.backend.name + ($0.options.variant.map { "-" + $0 } ?? "") }
      var grid = TextGrid(columns: [.init(title: ""), .init(title: "backend"), .init(title: "")])
      for (benchmark, name) in zip(group, names) {
        do throws(Unsupported) {
          try benchmark.backend.validate(benchmark.problem, benchmark.options)
          let choice = Tuning.choice(benchmark).map { ": \($0.name), \($0.note)" } ?? ""
          grid.rows.append([.init("✓", .best), .init(name), .init("takes it" + choice)])
        } catch {
          grid.rows.append([.init("–", .faint), .init(name), .init("no: \(error.reason)", .faint)])
        }
      }
      let title =
        group[0].network.isEmpty ? group[0].layer : "\(group[0].network)-\(group[0].layer)"
      let heading = style(.heading, title) + (title.isEmpty ? "" : "  ") + group[0].problemText
      return (index > 0 ? [""] : []) + [heading]
        + grid.lines(width: OutputChoice.width, style: style).dropFirst()
        + (options.showsCandidates ? CandidateTable.lines(group, style) : [])
    }
  }
}
