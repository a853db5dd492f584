import Backends
import Networks

/// What values a flag takes, as far as a shell can offer them.
enum Vocabulary: String, CaseIterable {
  /// Anything; nothing is offered.
  case free
  /// Names of files.
  case files
  /// Layers, blocks and networks.
  case layers
  /// Networks.
  case networks
  /// Backends with and without their variants, and `all`.
  case backends
  /// The same without `all`.
  case oneBackend
  /// Variants of backends.
  case variants

  /// The words of it; empty for those that are no lists.
  var words: [String] {
    switch self {
    case .free, .files: []
    case .layers: unique(LayerCatalog.builtIn.names)
    case .networks: LayerCatalog.builtIn.networks.flatMap(\.names)
    case .backends: BackendChoice.names + ["all"]
    case .oneBackend: BackendChoice.names
    case .variants: unique(BackendList.all.flatMap(\.forcible))
    }
  }

  private func unique(_ words: [String]) -> [String] {
    var seen: Set<String> = []
    return words.filter { seen.insert($0).inserted }
  }
}

extension Flag.Argument {
  /// Whether several values may stand with commas between them.
  var isList: Bool {
    switch self {
    case .none: false
    case .value(let name, _): name.contains("[,…]")
    case .choice(_, let isList): isList
    }
  }
}
