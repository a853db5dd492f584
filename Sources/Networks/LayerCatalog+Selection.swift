import Glibc

extension LayerCatalog {
  /// The layers that the patterns name, each shape of a network once.
  ///
  /// A pattern, or each part of one with commas, is in any case and names, whichever applies first:
  /// - with `*`, `?` or `[…]`, every layer whose full name (of its network or an alias) matches;
  /// - a whole network, by name or alias: `vgg`;
  /// - a layer by its full name: `vgg16-conv3_1`;
  /// - a block, the layers whose names go on with `_`: `vgg-conv3` is conv3_1, conv3_2, conv3_3.
  ///
  /// A layer named twice counts once. Layers of one network with equal shapes become one, under the
  /// first name, with their multiplicities summed. The order is that of the patterns, then that of
  /// the network.
  ///
  /// - Throws: `LayerSelectionError` for a pattern that names nothing, with the nearest names.
  public func select(_ patterns: [String]) throws(LayerSelectionError) -> [Layer] {
    var selected: [Layer] = []
    var seen: Set<String> = []
    for pattern in patterns {
      for part in pattern.split(separator: ",", omittingEmptySubsequences: false) {
        for layer in try layers(named: String(part).trimmed)
        where seen.insert(layer.fullName).inserted {
          selected.append(layer)
        }
      }
    }
    return selected.mergingEqualShapes()
  }

  private func layers(named text: String) throws(LayerSelectionError) -> [Layer] {
    let pattern = text.lowercased()
    let isGlob = pattern.contains { "*?[".contains($0) }
    let found = isGlob ? layers(matching: pattern) : layers(called: pattern)
    guard found.isEmpty else { return found }
    throw LayerSelectionError(
      kind: "layer", name: text, nearest: isGlob ? [] : nearest(to: pattern, among: names))
  }

  private func layers(matching glob: String) -> [Layer] {
    networks.flatMap { network in
      network.layers.filter { layer in
        network.names.contains { fnmatch(glob, "\($0)-\(layer.name)", 0) == 0 }
      }
    }
  }

  /// Network names may hold hyphens: the longest one that leads to a layer counts.
  private func layers(called name: String) -> [Layer] {
    if let network = networks.first(where: { $0.names.contains(name) }) { return network.layers }
    let named = networks.flatMap { network in network.names.map { (name: $0, network: network) } }
    for candidate in named.sorted(by: { $0.name.utf8.count > $1.name.utf8.count })
    where name.hasPrefix(candidate.name + "-") {
      let found = candidate.network.layers(
        called: String(name.dropFirst(candidate.name.count + 1)))
      if !found.isEmpty { return found }
    }
    return []
  }

  /// Everything that a pattern without wild cards may be, under names and aliases alike.
  public var names: [String] {
    networks.flatMap { network in
      network.names.flatMap { name in
        [name] + network.layers.flatMap { $0.blockNames + [$0.name] }.map { "\(name)-\($0)" }
      }
    }
  }
}

extension Network {
  /// The layer of that name, or else the layers of that block.
  fileprivate func layers(called name: String) -> [Layer] {
    if let layer = layers.first(where: { $0.name == name }) { return [layer] }
    return layers.filter { $0.name.hasPrefix(name + "_") }
  }
}

extension Layer {
  /// What precedes each `_` of the name.
  fileprivate var blockNames: [String] {
    name.indices.filter { name[$0] == "_" }.map { String(name[..<$0]) }
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
