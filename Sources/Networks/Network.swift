import Convolution

/// The convolutions of a network, fully connected layers among them.
///
/// A network is a file in benchdnn's syntax. Lines `# title: …` and `# alias: …` give its title and
/// further names.
public struct Network: Sendable {
  /// The name on the command line: `vgg16`.
  public let name: String
  /// For people: `VGG-16 (configuration D)`.
  public let title: String
  /// Further names on the command line: `vgg`.
  public let aliases: [String]
  /// In the order of the network.
  public let layers: [Layer]

  /// Reads a network from the text of its file.
  ///
  /// - Throws: `BatchFileError` for a line that is no problem, a problem without a name, or a name
  ///   given twice.
  public init(name: String, text: String) throws(BatchFileError) {
    let file = name + ".txt"
    self.name = name
    title = Self.values(of: "title", in: text).first ?? name
    aliases = Self.values(of: "alias", in: text)
    var layers: [Layer] = []
    var names: Set<String> = []
    for (line, parsed) in try BatchFile.parse(text: text, file: file).numberedProblems {
      guard let layer = parsed.name else {
        throw BatchFileError(
          file: file, line: line, cause: ProblemError(field: "n", "a layer needs a name"))
      }
      guard names.insert(layer).inserted else {
        throw BatchFileError(
          file: file, line: line, cause: ProblemError(field: "n", "\(layer) is given twice"))
      }
      layers.append(
        Layer(
          network: name, name: layer, problem: parsed.problem, multiplicity: parsed.multiplicity))
    }
    self.layers = layers
  }

  /// Multiply-adds of all layers, multiplicities and padded taps counted.
  public var multiplyAdds: Int {
    layers.reduce(0) { $0 + $1.problem.multiplyAdds * $1.multiplicity }
  }

  /// Weights of all layers, multiplicities counted, biases not.
  public var weightCount: Int { layers.reduce(0) { $0 + $1.problem.weiCount * $1.multiplicity } }

  /// What follows `# key:` on any line.
  private static func values(of key: String, in text: String) -> [String] {
    let prefix = "# \(key): "
    return text.split(whereSeparator: \.isNewline).compactMap {
      $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : nil
    }
  }
}
