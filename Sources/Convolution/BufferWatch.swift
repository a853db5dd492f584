/// Finds writes beyond buffers: every `AlignedBuffer` that is made while a watch is current stands
/// between two walls of sentinels, and the watch knows them all. For tests; nothing else has walls.
package final class BufferWatch: @unchecked Sendable {
  /// The watch of this task, if any.
  @TaskLocal package static var current: BufferWatch?

  /// Elements of a wall.
  package static let wall = 64
  /// Bytes of a wall, whole cache lines.
  static let bytes = wall * MemoryLayout<Float>.size
  /// What walls are made of: no sum or product of test data.
  package static let sentinel: Float = -12_345.678

  // Safety: buffers are made by the one task that the watch is current in.
  private var buffers: [AlignedBuffer] = []

  /// A watch that knows no buffer yet.
  package init() {}

  func add(_ buffer: AlignedBuffer) {
    for i in 0..<Self.wall {
      (buffer.baseAddress - 1 - i).initialize(to: Self.sentinel)
      (buffer.baseAddress + buffer.count + i).initialize(to: Self.sentinel)
    }
    buffers.append(buffer)
  }

  /// How many buffers stand between walls.
  package var count: Int { buffers.count }

  /// The first write beyond a buffer, in the order in which they were made; nil if there is none.
  package var damage: String? {
    for (number, buffer) in buffers.enumerated() {
      for i in 0..<Self.wall {
        let places = [-1 - i, buffer.count + i]
        if let place = places.first(where: { buffer.baseAddress[$0] != Self.sentinel }) {
          return "wrote element \(place) of buffer \(number), which has \(buffer.count)"
        }
      }
    }
    return nil
  }
}
