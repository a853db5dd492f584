import Testing

@testable import Convolution

@Suite struct BufferWatchTests {
  /// Small, and large enough for huge pages.
  static let counts = [0, 1, 15, 16, 1000, 300_000]

  @Test(arguments: counts) func wallsChangeNothingElse(count: Int) throws {
    let plain = try AlignedBuffer(count: count)
    let watch = BufferWatch()
    let walled = try BufferWatch.$current.withValue(watch) { try AlignedBuffer(count: count) }
    #expect(watch.count == 1 && watch.damage == nil)
    for buffer in [plain, walled] {
      #expect(buffer.count == count && buffer.elements.allSatisfy { $0 == 0 })
      let alignment = count < 300_000 ? AlignedBuffer.alignment : 2 << 20
      #expect(Int(bitPattern: buffer.baseAddress) % alignment == 0)
    }
  }

  @Test(arguments: counts, [-64, -1, 0, 63])
  func aWriteBeyondIsFound(count: Int, place: Int) throws {
    let watch = BufferWatch()
    try BufferWatch.$current.withValue(watch) {
      _ = try AlignedBuffer(count: 3)
      let buffer = try AlignedBuffer(count: count)
      let index = place < 0 ? place : count + place
      buffer.baseAddress[index] = 0
      #expect(watch.damage == "wrote element \(index) of buffer 1, which has \(count)")
    }
  }
}
