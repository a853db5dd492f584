import KernelInterface

/// Values in stable memory, for as long as the table lives.
final class StableTable<Value> {
  let values: UnsafePointer<Value>
  let count: Int

  init(_ values: [Value]) {
    count = values.count
    let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(values.count, 1))
    memory.initialize(from: values, count: values.count)
    self.values = UnsafePointer(memory)
  }

  deinit {
    UnsafeMutablePointer(mutating: values).deinitialize(count: count)
    values.deallocate()
  }
}

/// Offsets of taps.
typealias TapTable = StableTable<Int>

extension TileArguments {
  /// Arguments with the pointers set and every stride and size still zero.
  init(
    src: UnsafePointer<Float>, taps: TapTable, wei: UnsafePointer<Float>,
    dst: UnsafeMutablePointer<Float>
  ) {
    self.init(
      src: src, tap_offsets: taps.values, taps: taps.count,
      first_tap: 0, end_tap: taps.count, columns: 0, cuts: 0, pixel_stride: 0, block_stride: 0,
      blocks: 0, tail: 0, wei: wei, src_ahead: 0, src_far: 0, wei_step: 0, wei_ahead: 0,
      wei_addend: 0,
      wei_sums: nil,
      dst: dst,
      dst_pixel_stride: 0, dst_vector_stride: 0, dst_next: nil, bias_vectors: nil, bias_rows: nil,
      accumulate: 0,
      relu: 0, streams: 0, tiles: 1, tile_src_stride: 0, tile_wei_stride: 0, tile_dst_stride: 0,
      tile_bias_stride: 0)
  }
}
