import Convolution
@testable import Networks
import Testing

/// The built-in networks against the numbers that their authors, or everybody since, gave for them.
@Suite struct NetworkTests {
  private func network(_ name: String) throws -> Network {
    try LayerCatalog.builtIn.network(named: name)
  }

  private func convolutions(_ network: Network) -> [Layer] {
    network.layers.filter { !$0.name.hasPrefix("fc") }
  }

  private func multiplyAdds(_ layers: [Layer]) -> Int {
    layers.reduce(0) { $0 + $1.problem.multiplyAdds * $1.multiplicity }
  }

  private func weights(_ layers: [Layer]) -> Int {
    layers.reduce(0) { $0 + $1.problem.weiCount * $1.multiplicity }
  }

  /// One bias an output channel.
  private func biases(_ layers: [Layer]) -> Int {
    layers.reduce(0) { $0 + $1.problem.oc * $1.multiplicity }
  }

  @Test func allNetworksAreThere() {
    #expect(
      LayerCatalog.builtIn.networks.map(\.name) == [
        "alexnet", "alexnet-groups", "densenet121", "googlenet", "lecture", "lenet5",
        "lenet5-caffe", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "vgg11",
        "vgg13", "vgg16", "vgg16c", "vgg19", "zfnet",
      ])
  }

  @Test(arguments: LayerCatalog.builtIn.networks.map(\.name))
  func filesAreWellFormed(_ name: String) throws {
    let text = try #require(EmbeddedLayers.files.first { $0.name == name }?.text)
    let file = try BatchFile.parse(text: text, file: name)
    #expect(file.notices.isEmpty)
    let network = try network(name)
    #expect(network.title != network.name, "no '# title:' line")
    #expect(file.problems.count == network.layers.count)
    #expect(network.layers.allSatisfy { $0.problem.mb == 1 && $0.multiplicity >= 1 })
    for layer in network.layers {
      #expect(layer.name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" }, "\(layer.name)")
    }
  }

  @Test func fullNamesAreUnique() {
    let layers = LayerCatalog.builtIn.networks.flatMap(\.layers)
    #expect(Set(layers.map(\.fullName)).count == layers.count)
    let names = LayerCatalog.builtIn.networks.flatMap { [$0.name] + $0.aliases }
    #expect(Set(names).count == names.count)
  }

  /// In a network without branches each layer takes what the one before gives, pooled by 2 or 3 at
  /// most (rounded either way) in between.
  @Test(arguments: [
    "alexnet", "alexnet-groups", "lenet5", "lenet5-caffe", "vgg11", "vgg13", "vgg16", "vgg16c",
    "vgg19", "zfnet",
  ])
  func layersChain(_ name: String) throws {
    let layers = try network(name).layers
    for (previous, next) in zip(layers, layers.dropFirst()) {
      #expect(next.problem.ic == previous.problem.oc, "\(next.fullName)")
      let size = previous.problem.oh
      #expect([size, size / 2, (size - 1) / 2].contains(next.problem.ih), "\(next.fullName)")
    }
    #expect(layers.last?.problem.oh == 1)
  }

  /// Every size in a network with branches is that of the image, of an earlier output, of one
  /// pooled by 2, or the 1 of the last average.
  @Test(arguments: [
    "googlenet", "densenet121", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
  ])
  func sizesChain(_ name: String) throws {
    var sizes: Set = [224, 1]
    for layer in try network(name).layers {
      #expect(sizes.contains(layer.problem.ih), "\(layer.fullName)")
      #expect(layer.problem.ih == layer.problem.iw && layer.problem.oh == layer.problem.ow)
      sizes.formUnion([layer.problem.oh, layer.problem.oh / 2])
    }
  }

  /// 1998: "about 60,000 trainable parameters"; with conv2 fully connected, 61,706.
  @Test func leNet() throws {
    let layers = try network("lenet5").layers
    #expect(weights(layers) + biases(layers) == 61_706)
    #expect(layers.map(\.problem.oc) == [6, 16, 120, 84, 10])
    // The number that Caffe's MNIST tutorial and its many copies give.
    let caffe = try network("lenet5-caffe").layers
    #expect(weights(caffe) + biases(caffe) == 431_080)
  }

  /// From the layer table of the NIPS paper by hand; the grouped one as Caffe's reference model
  /// counts its parameters.
  @Test func alexNet() throws {
    let oneTower = try network("alexnet")
    #expect(multiplyAdds(convolutions(oneTower)) == 1_076_634_144)
    #expect(oneTower.weightCount == 62_367_776)
    let groups = try network("alexnet-groups")
    #expect(multiplyAdds(convolutions(groups)) == 665_784_864)
    #expect(groups.weightCount + biases(groups.layers) == 60_965_224)
    #expect(groups.layers.map(\.problem.g) == [1, 2, 1, 2, 2, 1, 1, 1])
  }

  @Test func zfNet() throws {
    let network = try network("zfnet")
    #expect(network.layers.map(\.problem.ih) == [224, 55, 13, 13, 13, 6, 1, 1])
    #expect(network.layers.map(\.problem.oh) == [110, 26, 13, 13, 13, 1, 1, 1])
    #expect(network.layers.map(\.problem.oc) == [96, 256, 512, 1024, 512, 4096, 4096, 1000])
  }

  /// Parameters with biases: torchvision's counts of A, B, D and E (table 2 of the paper gives 133,
  /// 133, 138 and 144 million); C by hand from table 1 (134 million).
  @Test(arguments: [
    ("vgg11", 132_863_336), ("vgg13", 133_047_848), ("vgg16", 138_357_544),
    ("vgg16c", 133_638_952), ("vgg19", 143_667_240),
  ])
  func vgg(_ name: String, _ parameters: Int) throws {
    let network = try network(name)
    #expect(network.weightCount + biases(network.layers) == parameters)
  }

  @Test func vgg16Convolutions() throws {
    let network = try network("vgg16")
    let convolutions = convolutions(network)
    #expect(convolutions.count == 13)
    #expect(multiplyAdds(convolutions) == 15_346_630_656)
    #expect(weights(convolutions) == 14_710_464)
    #expect(network.weightCount == 138_344_128)
    #expect(network.multiplyAdds == 15_346_630_656 + 138_344_128 - 14_710_464)
  }

  /// 6,998,552: Caffe's bvlc_googlenet without its auxiliary classifiers.
  @Test func googLeNet() throws {
    let network = try network("googlenet")
    #expect(network.weightCount + biases(network.layers) == 6_998_552)
    #expect(network.layers.count == 3 + 9 * 6 + 1)
  }

  /// Parameters: torchvision's. Each convolution there is followed by a batch normalisation with
  /// two parameters a channel, and only fc has biases. Multiply-adds: "FLOPs" of table 1 of the
  /// paper, in billions, which has the stride of bottlenecks where we have it.
  @Test(arguments: [
    ("resnet18", 11_689_512, 1.8), ("resnet34", 21_797_672, 3.6), ("resnet50", 25_557_032, 3.8),
    ("resnet101", 44_549_160, 7.6), ("resnet152", 60_192_808, 11.3),
  ])
  func resNet(_ name: String, _ parameters: Int, _ billions: Double) throws {
    let network = try network(name)
    let normalisation = 2 * biases(convolutions(network))
    #expect(network.weightCount + normalisation + 1000 == parameters)
    #expect(abs(Double(network.multiplyAdds) / 1e9 - billions) < 0.07)
  }

  /// The number in the name: layers with weights on the longest path, shortcuts not counted.
  @Test(arguments: [18, 34, 50, 101, 152])
  func resNetDepth(_ depth: Int) throws {
    let layers = try network("resnet\(depth)").layers.filter { !$0.name.hasSuffix("shortcut") }
    #expect(layers.reduce(0) { $0 + $1.multiplicity } == depth)
  }

  /// 7,978,856 parameters in torchvision, where a batch normalisation with two parameters a channel
  /// precedes each convolution but the first, follows that and the last block; fc has biases.
  @Test func denseNet() throws {
    let network = try network("densenet121")
    let inputs = convolutions(network).dropFirst().reduce(0) {
      $0 + $1.problem.ic * $1.multiplicity
    }
    #expect(network.weightCount + 2 * (inputs + 64 + 1024) + 1000 == 7_978_856)
    #expect(network.layers.reduce(0) { $0 + $1.multiplicity } == 121)
  }

  /// Ten 5×5×3 filters with biases over 32×32 outputs.
  @Test func lecture() throws {
    let layers = try network("lecture").layers
    let example = try #require(layers.first)
    #expect(example.problem.weiCount + example.problem.oc == 760)
    #expect(example.problem.multiplyAdds == 768_000)
    #expect(layers.dropFirst().map(\.problem.oh) == [5, 3, 2])
  }

  @Test func damagedNetworksNameTheLine() {
    let unnamed = #expect(throws: BatchFileError.self) {
      try Network(name: "x", text: "# title: X\nic1ih8oc1kh3")
    }
    #expect(unnamed?.description == "x.txt:2: n: a layer needs a name")
    let twice = #expect(throws: BatchFileError.self) {
      try Network(name: "x", text: "ic1ih8oc1kh3n\"a\"\n\nic1ih8oc1kh3n\"a\"")
    }
    #expect(twice?.description == "x.txt:3: n: a is given twice")
  }
}
