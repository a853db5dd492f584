import Convolution
import Testing

@testable import Measurement

/// Both directions of the reorder, on channels and sizes that fill no block.
@Suite struct TensorCopyTests {
  static let layouts: [TensorLayout] = [
    .nchw, .blocked(lanes: 4), .blocked(lanes: 8), .blocked(lanes: 16),
  ]
  static let shapes: [(mb: Int, groups: Int, channels: Int, height: Int, width: Int)] = [
    (1, 1, 1, 1, 1), (3, 1, 7, 5, 3), (2, 1, 16, 4, 4), (1, 1, 17, 1, 9), (2, 3, 5, 7, 2),
    (1, 19, 1, 3, 3), (5, 2, 33, 2, 2),
  ]

  @Test(arguments: layouts, [1, 2, 5])
  func everyElementGoesToItsPlaceAndBack(layout: TensorLayout, threads: Int) throws {
    for shape in Self.shapes {
      let description = TensorDescription(
        mb: shape.mb, groups: shape.groups, channels: shape.channels, height: shape.height,
        width: shape.width, layout: layout)
      let watch = BufferWatch()
      try BufferWatch.$current.withValue(watch) {
        let channels = description.allChannels
        let plain = try AlignedBuffer(count: shape.mb * channels * shape.height * shape.width)
        for i in plain.elements.indices { plain.elements[i] = Float(i + 1) }
        let stored = try AlignedBuffer(count: description.count)
        stored.elements.update(repeating: -1)
        description.store(plain.readOnly, to: stored.baseAddress, threads: threads)
        var expected = [Float](repeating: -1, count: description.count)
        var value: Float = 0
        for n in 0..<shape.mb {
          for c in 0..<channels {
            for y in 0..<shape.height {
              for x in 0..<shape.width {
                value += 1
                expected[description.offset(n: n, c: c, y: y, x: x)] = value
              }
            }
          }
        }
        #expect(stored.elements.elementsEqual(expected), "\(description)")
        let back = try AlignedBuffer(count: plain.count)
        description.load(stored.readOnly, to: back.baseAddress, threads: threads)
        #expect(back.elements.elementsEqual(plain.elements), "\(description)")
      }
      #expect(watch.damage == nil, "\(description)")
    }
  }
}
