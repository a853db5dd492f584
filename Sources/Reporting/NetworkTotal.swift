import Measurement
import Networks

/// What a network, or the part of it that was measured, takes on one backend: Σ median ×
/// multiplicity.
public struct NetworkTotal: Hashable, Sendable {
  /// The network.
  public let network: String
  /// The backend.
  public let backend: String
  /// The variant that was asked for; empty where the backend chose.
  public let variant: String
  /// Threads, instruction set, layout, direction and batch.
  public let conditions: String
  /// Σ median × multiplicity, milliseconds.
  public let totalMS: Double
  /// Direct-equivalent 10⁹ operations a second over all of it.
  public let gflops: Double
  /// Layers in the sum, multiplicities counted.
  public let layers: Int
  /// Layers that any backend measured. Totals of fewer are not comparable.
  public let layersOfAll: Int

  /// Whether every measured layer is in the sum.
  public var isComplete: Bool { layers == layersOfAll }

  /// The name of the row that takes each layer's fastest backend.
  public static let fastestPerLayer = "fastest per layer"

  /// The totals of every network of which `records` hold two layers or more, fastest first, those
  /// that lack layers last.
  public static func totals(_ records: [ResultRecord]) -> [NetworkTotal] {
    let timed = records.filter {
      !$0.network.isEmpty && $0.status == .ok && $0.medianMS != nil && $0.gflop != nil
    }
    return grouped(timed, by: Group.init).flatMap { group, members in
      let layers = grouped(members, by: \.problem)
      let count = layers.reduce(0) { $0 + $1.1[0].multiplicity }
      guard count > 1 else { return [NetworkTotal]() }
      var rows = grouped(members, by: Contender.init).map {
        NetworkTotal(group, $0.0, rows: fastestOfEachLayer($0.1), layersOfAll: count)
      }
      if rows.count > 1 {
        rows.append(
          NetworkTotal(
            group, .fastestPerLayer, rows: fastestOfEachLayer(members), layersOfAll: count))
      }
      return rows.sorted {
        ($0.isComplete ? 0 : 1, $0.totalMS) < ($1.isComplete ? 0 : 1, $1.totalMS)
      }
    }
  }

  private static func fastestOfEachLayer(_ records: [ResultRecord]) -> [ResultRecord] {
    grouped(records, by: \.problem).map { $0.1.min { $0.medianMS! < $1.medianMS! }! }
  }

  private struct Group: Hashable {
    let network, conditions: String

    init(_ record: ResultRecord) {
      network = record.network
      let shared = LayerSection(conditions: .init(record), records: []).conditionsText
      let mb = (try? ProblemDescriptor.parse(record.problem))?.problem.mb ?? 1
      conditions = shared + (mb > 1 ? " · mb\(mb)" : "")
    }
  }

  private init(_ group: Group, _ contender: Contender, rows: [ResultRecord], layersOfAll: Int) {
    let total = rows.reduce(0) { $0 + $1.medianMS! * Double($1.multiplicity) }
    let work = rows.reduce(0) { $0 + $1.gflop! * Double($1.multiplicity) }
    network = group.network
    conditions = group.conditions
    backend = contender.backend
    variant = contender.variant
    totalMS = total
    gflops = work / total * 1e3
    layers = rows.reduce(0) { $0 + $1.multiplicity }
    self.layersOfAll = layersOfAll
  }
}

/// Whose times are added up: a backend, or the variant of one that was asked for.
struct Contender: Hashable {
  let backend, variant: String

  /// Each layer's fastest backend.
  static let fastestPerLayer = Contender(backend: NetworkTotal.fastestPerLayer, variant: "")

  /// The row's.
  init(_ record: ResultRecord) {
    self.init(backend: record.backend, variant: record.forcedVariant ?? "")
  }

  private init(backend: String, variant: String) {
    self.backend = backend
    self.variant = variant
  }
}

/// Groups in the order in which their keys first appear.
func grouped<Element, Key: Hashable>(
  _ elements: [Element], by key: (Element) -> Key
) -> [(Key, [Element])] {
  var order: [Key] = []
  var groups: [Key: [Element]] = [:]
  for element in elements {
    let key = key(element)
    if groups[key] == nil { order.append(key) }
    groups[key, default: []].append(element)
  }
  return order.map { ($0, groups[$0]!) }
}
