/// Which variants were asked for, in files from before the column `forced_variant`.
///
/// A backend that has several rows of one run on the same was asked for several variants. Their names
/// are the first words of what the plans said of themselves.
enum ForcedVariants {
  private struct Place: Hashable {
    let runID: String
    let key: Comparison.Key
  }

  /// The rows with the variants that must have been asked for.
  static func inferred(_ records: [ResultRecord]) -> [ResultRecord] {
    let places = records.map { Place(runID: $0.run.runID, key: Comparison.Key($0)) }
    var names: [Place: Set<String>] = [:]
    for (place, record) in zip(places, records) {
      names[place, default: []].insert(name(record))
    }
    return zip(places, records).map { place, record in
      var record = record
      if names[place, default: []].count > 1 { record.forcedVariant = name(record) }
      return record
    }
  }

  private static func name(_ record: ResultRecord) -> String {
    record.variant.split(separator: " ").first.map(String.init) ?? ""
  }
}
