/// Networks whose layers can be asked for by name.
public struct LayerCatalog: Sendable {
  /// In the order of listings.
  public let networks: [Network]

  /// Creates a catalogue of networks with different names.
  public init(networks: [Network]) { self.networks = networks }

  /// The networks of `Benchmarks/Layers`, embedded when this was built.
  public static let builtIn: LayerCatalog = {
    do {
      return LayerCatalog(
        networks: try EmbeddedLayers.files.map { try Network(name: $0.name, text: $0.text) })
    } catch {
      fatalError("Benchmarks/Layers/\(error)")
    }
  }()

  /// The network of that name or alias, in any case.
  ///
  /// - Throws: `LayerSelectionError` with the nearest names.
  public func network(named name: String) throws(LayerSelectionError) -> Network {
    let wanted = name.lowercased()
    if let network = networks.first(where: { $0.names.contains(wanted) }) { return network }
    throw LayerSelectionError(
      kind: "network", name: name, nearest: nearest(to: wanted, among: networks.flatMap(\.names)))
  }
}

extension Network {
  /// The name and the aliases.
  public var names: [String] { [name] + aliases }
}
