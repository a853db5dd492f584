import Reporting

/// `compare`: two result files side by side.
enum CompareCommand {
  /// Prints the comparison.
  static func run(_ options: Options) throws -> ExitStatus {
    guard options.files.count == 2 else {
      throw CommandError.usage("compare: give two result files, OLD and NEW")
    }
    let files = try options.files.map(read)
    let comparison = Comparison(old: files[0].records, new: files[1].records)
    if comparison.repeated > 0 {
      Console.note("note", "\(comparison.repeated) rows are superseded by later ones of the same")
    }
    if !comparison.isOfOneMachine { warn(comparison) }
    try Console.print(
      ComparisonTable(width: OutputChoice.width, style: OutputChoice.style(options))
        .text(comparison))
    guard !comparison.rows.isEmpty else {
      throw CommandError.unmeasured(
        "compare: no row is measured in both files; rows match by problem, direction, backend "
          + "(with a forced variant), isa, layout and threads")
    }
    return options.isStrict && !comparison.isOfOneMachine ? .unmeasured : .success
  }

  /// Reads a file and tells what is odd about it.
  static func read(_ path: String) throws(CommandError) -> ResultFile {
    do {
      let file = try CSVReader.read(path: path)
      for notice in file.notices { Console.note("note", notice) }
      return file
    } catch {
      throw .usage("\(error)")
    }
  }

  private static func warn(_ comparison: Comparison) {
    func list(_ machines: [String]) -> String { machines.joined(separator: " and ") }
    Console.note(
      "warning",
      "the comparison does not hold, machines differ: old \(list(comparison.oldMachines)), new "
        + list(comparison.newMachines))
  }
}
