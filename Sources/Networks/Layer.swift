import Convolution

/// One convolution of a network.
public struct Layer: Hashable, Sendable {
  /// The network's name: `vgg16`.
  public let network: String
  /// The layer's own name: `conv3_1`.
  public let name: String
  /// The shape.
  public let problem: ConvolutionProblem
  /// How often the network has this shape under this name, or under all the names that a selection
  /// merged into it.
  public let multiplicity: Int

  /// Creates a layer.
  public init(network: String, name: String, problem: ConvolutionProblem, multiplicity: Int = 1) {
    self.network = network
    self.name = name
    self.problem = problem
    self.multiplicity = multiplicity
  }

  /// `NETWORK-LAYER`, as on the command line: `vgg16-conv3_1`.
  public var fullName: String { "\(network)-\(name)" }
}

extension Sequence<Layer> {
  /// The layers without repeated shapes: those of one network that are equal run once, under the
  /// name that came first, with their multiplicities summed.
  func mergingEqualShapes() -> [Layer] {
    var merged: [Layer] = []
    var places: [Shape: Int] = [:]
    for layer in self {
      let shape = Shape(network: layer.network, problem: layer.problem)
      if let place = places[shape] {
        let first = merged[place]
        merged[place] = Layer(
          network: first.network, name: first.name, problem: first.problem,
          multiplicity: first.multiplicity + layer.multiplicity)
      } else {
        places[shape] = merged.count
        merged.append(layer)
      }
    }
    return merged
  }
}

private struct Shape: Hashable {
  let network: String
  let problem: ConvolutionProblem
}
