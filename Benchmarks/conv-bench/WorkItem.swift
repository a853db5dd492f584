import Convolution
import Foundation
import Networks

/// A problem to work on, with its place in a network if it has one.
struct WorkItem {
  let network: String
  let name: String
  let problem: ConvolutionProblem
  let multiplicity: Int

  /// The name under which it is reported.
  var fullName: String {
    if !network.isEmpty { return "\(network)-\(name)" }
    return name.isEmpty ? ProblemDescriptor.format(problem) : name
  }

  /// The network that is taken when nothing is selected.
  static let defaultNetwork = "alexnet"

  /// What the options select, every problem once for each batch size.
  ///
  /// - Parameter defaults: networks to take when nothing is selected.
  static func selected(
    by options: Options, defaults: [String]
  ) throws(CommandError) -> [WorkItem] {
    let names = options.layers + options.networks
    let selectsNothing = names.isEmpty && options.problems.isEmpty && options.batchFiles.isEmpty
    var items = try layers(options, defaults: selectsNothing ? defaults : [])
    items += options.problems.map(WorkItem.init)
    for path in options.batchFiles { items += try batch(path) }
    return try withBatchSizes(items, options.batchSizes)
  }

  private static func layers(
    _ options: Options, defaults: [String]
  ) throws(CommandError) -> [WorkItem] {
    var patterns = options.layers + defaults
    do {
      for name in options.networks {
        patterns.append(try LayerCatalog.builtIn.network(named: name).name)
      }
      return try LayerCatalog.builtIn.select(patterns).map(WorkItem.init)
    } catch {
      throw .usage(error.description)
    }
  }

  private static func batch(_ path: String) throws(CommandError) -> [WorkItem] {
    let file: BatchFile
    do {
      file = try BatchFile.parse(
        text: String(decoding: try InputFile.read(path), as: UTF8.self),
        file: InputFile.name(path))
    } catch let error as CommandError {
      throw error
    } catch {
      throw .usage("\(error)")
    }
    for notice in file.notices { Console.note("warning", notice) }
    guard !file.problems.isEmpty else {
      throw .unmeasured("\(InputFile.name(path)): holds no problem")
    }
    return file.problems.map(WorkItem.init)
  }

  private static func withBatchSizes(
    _ items: [WorkItem], _ sizes: [Int]
  ) throws(CommandError) -> [WorkItem] {
    guard !sizes.isEmpty else { return items }
    var result: [WorkItem] = []
    for item in items {
      for size in sizes {
        do {
          result.append(WorkItem(item, problem: try item.problem.with(mb: size)))
        } catch {
          throw .usage("--mb: \(size) is too large for \(item.fullName): \(error)")
        }
      }
    }
    return result
  }

  private init(_ layer: Layer) {
    network = layer.network
    name = layer.name
    problem = layer.problem
    multiplicity = layer.multiplicity
  }

  private init(_ parsed: ParsedProblem) {
    network = ""
    name = parsed.name ?? ""
    problem = parsed.problem
    multiplicity = parsed.multiplicity
  }

  private init(_ item: WorkItem, problem: ConvolutionProblem) {
    network = item.network
    name = item.name
    self.problem = problem
    multiplicity = item.multiplicity
  }
}
