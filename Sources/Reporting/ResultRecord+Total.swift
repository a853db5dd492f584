import Networks

extension ResultRecord {
  /// What stands for the layer's name in the rows of totals, which have no problem.
  static let totalLayer = "total"

  /// Whether this is a total of a network and no result of its own.
  public var isTotal: Bool { layer == Self.totalLayer && problem.isEmpty }

  /// A row of totals for every network that `records` cover as a whole, for each backend, instruction
  /// set, layout, number of threads and batch: `median_ms` is Σ median × multiplicity. A backend that
  /// lacks layers has a row without times that says so.
  public static func totals(
    _ records: [ResultRecord], catalog: LayerCatalog = .builtIn
  ) -> [ResultRecord] {
    grouped(records, by: TotalConditions.init).flatMap { conditions, members -> [ResultRecord] in
      let layers = grouped(members, by: \.problem).map(\.1)
      let whole = try? catalog.network(named: conditions.network)
      guard let whole, members.contains(where: { $0.medianMS != nil }),
        layers.reduce(0, { $0 + $1[0].multiplicity })
          == whole.layers.reduce(0, { $0 + $1.multiplicity })
      else { return [] }
      let contenders = grouped(members, by: Contender.init).map { contender, rows in
        total(contender, rows, layers)
      }
      return contenders.filter { $0.status == .ok } + contenders.filter { $0.status != .ok }
        + (contenders.count > 1 ? [total(.fastestPerLayer, members, layers)] : [])
    }
  }

  private static func total(
    _ contender: Contender, _ rows: [ResultRecord], _ layers: [[ResultRecord]]
  ) -> ResultRecord {
    let timed = rows.filter { $0.status == .ok && $0.medianMS != nil }
    let fastest = grouped(timed, by: \.problem).map { $0.1.min { $0.medianMS! < $1.medianMS! }! }
    var total = ResultRecord(sharing: rows[0])
    (total.layer, total.backend, total.variant) = (
      totalLayer, contender.backend, contender.variant
    )
    total.forcedVariant = contender.variant.isEmpty ? nil : contender.variant
    total.multiplicity = fastest.reduce(0) { $0 + $1.multiplicity }
    let measured = Set(fastest.map(\.problem))
    let missing = layers.filter { !measured.contains($0[0].problem) }.map { layer in
      rows.first { $0.problem == layer[0].problem } ?? layer[0]
    }
    guard missing.isEmpty else {
      total.status = missing.map(\.status).first { $0 != .unsupported && $0 != .ok } ?? .unsupported
      total.reason = "without \(missing.map(\.layer).joined(separator: ", "))"
      return total
    }
    let sum = fastest.reduce(0) { $0 + $1.medianMS! * Double($1.multiplicity) }
    let work = fastest.reduce(0) { $0 + ($1.gflop ?? 0) * Double($1.multiplicity) }
    (total.medianMS, total.gflop, total.gflops) = (sum, work, work / sum * 1e3)
    total.cache = fastest[0].cache
    return total
  }

  /// A row with the run and the conditions of `row`, and nothing else.
  private init(sharing row: ResultRecord) {
    self.init()
    (run, network, direction) = (row.run, row.network, row.direction)
    (isa, layout, threads, seed) = (row.isa, row.layout, row.threads, row.seed)
  }
}

/// What the rows of one total share.
private struct TotalConditions: Hashable {
  let run, network, direction, isa, layout: String
  let threads, mb: Int

  init(_ record: ResultRecord) {
    run = record.run.runID
    network = record.network
    direction = record.direction
    isa = record.isa
    layout = record.layout
    threads = record.threads
    mb = (try? ProblemDescriptor.parse(record.problem))?.problem.mb ?? 1
  }
}
