import Testing

@testable import Convolution

struct TensorLayoutTests {
  @Test(arguments: [TensorLayout.nchw, .blocked(lanes: 4), .blocked(lanes: 16)])
  func offsetsAreDistinctAndInside(_ layout: TensorLayout) {
    let tensor = TensorDescription(
      mb: 2, groups: 3, channels: 5, height: 4, width: 3, layout: layout)
    var seen: Set<Int> = []
    for n in 0..<2 {
      for c in 0..<15 {
        for y in 0..<4 {
          for x in 0..<3 { seen.insert(tensor.offset(n: n, c: c, y: y, x: x)) }
        }
      }
    }
    #expect(seen.count == 2 * 15 * 4 * 3)
    #expect(seen.min() == 0)
    #expect(seen.max()! < tensor.count)
  }

  @Test func blocksKeepChannelsTogetherAndGroupsApart() {
    let tensor = TensorDescription(
      mb: 1, groups: 2, channels: 20, height: 2, width: 2, layout: .blocked(lanes: 16))
    #expect(tensor.offset(n: 0, c: 1, y: 0, x: 0) == 1)
    #expect(tensor.offset(n: 0, c: 0, y: 0, x: 1) == 16)
    #expect(tensor.offset(n: 0, c: 16, y: 0, x: 0) == 2 * 2 * 16)
    // The second group begins with a block of its own.
    #expect(tensor.offset(n: 0, c: 20, y: 0, x: 0) == 2 * 2 * 2 * 16)
    #expect(tensor.count == 4 * 2 * 2 * 16)
    #expect(tensor.layout.name == "nChw16c")
  }
}
