import Convolution
import Networks
import Testing

@Suite struct SelectionTests {
  /// `name*multiplicity` of what the patterns select from the built-in networks.
  private func select(_ patterns: String...) throws -> [String] {
    try LayerCatalog.builtIn.select(patterns).map {
      $0.multiplicity == 1 ? $0.fullName : "\($0.fullName)*\($0.multiplicity)"
    }
  }

  private func message(_ pattern: String) -> String? {
    #expect(throws: LayerSelectionError.self) { try LayerCatalog.builtIn.select([pattern]) }?
      .description
  }

  @Test func aBlockRunsEqualShapesOnce() throws {
    #expect(try select("vgg-conv3") == ["vgg16-conv3_1", "vgg16-conv3_2*2"])
    #expect(try select("vgg16-conv3") == ["vgg16-conv3_1", "vgg16-conv3_2*2"])
    #expect(try select("vgg16c-conv3") == ["vgg16c-conv3_1", "vgg16c-conv3_2", "vgg16c-conv3_3"])
  }

  @Test func anExactNameIsTheLayerItself() throws {
    #expect(try select("vgg16-conv3_3") == ["vgg16-conv3_3"])
    #expect(try select("vgg-conv3_3") == ["vgg16-conv3_3"])
    #expect(try select("VGG16-Conv3_3") == ["vgg16-conv3_3"])
    // The layer, not the block that begins with its name.
    #expect(try select("googlenet-inception_3a_3x3") == ["googlenet-inception_3a_3x3"])
  }

  @Test func aBlockEndsAtAnUnderscore() throws {
    #expect(
      try select("densenet121-dense1_1x1_1") == ["densenet121-dense1_1x1_1"])
    let text = "ic1ih8oc1kh1n\"conv1_a\"\nic1ih8oc1kh2n\"conv10\"\nic1ih8oc1kh3n\"conv10_a\""
    let catalog = LayerCatalog(networks: [try Network(name: "x", text: text)])
    #expect(try catalog.select(["x-conv1"]).map(\.name) == ["conv1_a"])
    #expect(throws: LayerSelectionError.self) { try catalog.select(["x-conv"]) }
  }

  @Test func aNetworkIsAllItsLayers() throws {
    let vgg = try LayerCatalog.builtIn.select(["vgg"])
    #expect(vgg.count == 12)
    #expect(vgg.reduce(0) { $0 + $1.multiplicity } == 16)
    #expect(vgg == (try LayerCatalog.builtIn.select(["vgg16"])))
    // What merging may not change: the sum over the network.
    for network in LayerCatalog.builtIn.networks {
      let layers = try LayerCatalog.builtIn.select([network.name])
      let sum = layers.reduce(0) { $0 + $1.problem.multiplyAdds * $1.multiplicity }
      #expect(sum == network.multiplyAdds)
      #expect(Set(layers.map(\.problem)).count == layers.count)
    }
  }

  @Test func networkNamesMayHoldHyphens() throws {
    #expect(try select("alexnet-groups-conv2") == ["alexnet-groups-conv2"])
    #expect(try select("alexnet-conv2") == ["alexnet-conv2"])
    #expect(try select("alexnet-groups").allSatisfy { $0.hasPrefix("alexnet-groups-") })
    // Where both readings lead to a layer, the longer network name counts.
    let catalog = LayerCatalog(networks: [
      try Network(name: "a", text: #"ic1ih8oc1kh1n"b-c""#),
      try Network(name: "a-b", text: #"ic1ih8oc1kh1n"c_1""#),
    ])
    #expect(try catalog.select(["a-b-c"]).map(\.name) == ["c_1"])
  }

  @Test func globs() throws {
    let firsts = try select("*-conv1")
    #expect(firsts.contains("alexnet-conv1") && firsts.contains("resnet152-conv1"))
    #expect(firsts.allSatisfy { $0.hasSuffix("-conv1") })
    #expect(
      try select("vgg1?-conv1_1") == ["vgg11", "vgg13", "vgg16", "vgg19"].map { "\($0)-conv1_1" })
    #expect(try select("vgg1[36]-conv1_1") == ["vgg13-conv1_1", "vgg16-conv1_1"])
    // Through an alias.
    #expect(try select("vgg-conv3*") == ["vgg16-conv3_1", "vgg16-conv3_2*2"])
    let all = try LayerCatalog.builtIn.select(["*"])
    #expect(Set(all.map(\.network)).count == LayerCatalog.builtIn.networks.count)
  }

  @Test func listsAndRepetitions() throws {
    let expected = ["vgg16-conv3_2*2", "vgg16-conv3_1", "alexnet-conv1"]
    #expect(try select("vgg-conv3_2, vgg-conv3", "alexnet-conv1,alexnet-conv1") == expected)
    #expect(try select("vgg16-conv3_2", "vgg16-conv3_2") == ["vgg16-conv3_2"])
    #expect(try select().isEmpty)
    // Equal shapes of different networks stay apart: each has its own total.
    #expect(
      try select("vgg16-conv1_2", "vgg19-conv1_2") == ["vgg16-conv1_2", "vgg19-conv1_2"])
  }

  @Test func unknownNamesSuggestTheNearest() {
    #expect(
      message("vgg-conv6")
        == "unknown layer 'vgg-conv6'; did you mean vgg-conv1, vgg-conv2 or vgg-conv3? "
        + "conv-bench list layers shows them all")
    #expect(message("alexnet-cnov2")?.contains("did you mean alexnet-conv2") == true)
    #expect(message("vggg16")?.contains("did you mean vgg16") == true)
    #expect(message("resnet50-conv")?.contains("resnet50-conv1") == true)
    let far = "unknown layer 'qqqqqqqqqqqqqqqqqqqq'; conv-bench list layers shows them all"
    #expect(message("qqqqqqqqqqqqqqqqqqqq") == far)
    #expect(message("x*y") == "unknown layer 'x*y'; conv-bench list layers shows them all")
  }

  @Test(arguments: ["", ",", "-", "vgg-", "vgg16-conv3_", "vgg16-_", "[", "*-", "é"])
  func oddNamesAreErrors(_ name: String) {
    #expect(throws: LayerSelectionError.self) { try LayerCatalog.builtIn.select([name]) }
  }

  @Test func networksByName() throws {
    #expect(try LayerCatalog.builtIn.network(named: "VGG").name == "vgg16")
    let error = #expect(throws: LayerSelectionError.self) {
      try LayerCatalog.builtIn.network(named: "resnet51")
    }
    #expect(
      error?.description
        == "unknown network 'resnet51'; did you mean resnet50, resnet18 or resnet34? "
        + "conv-bench list networks shows them all")
  }
}
