import Convolution
import KernelInterface
import Testing

@testable import Backends

/// Every register tile by itself, against its formula: `dst[p][v][l] = bias + Σ src · wei` over blocks, taps and
/// channels. Small integers, so that sums are exact in any order.
@Suite struct TileTests {
  /// A tile of any kind, and what it is called in messages.
  private struct Kind {
    let function: TileFunction
    let pixels: Int
    let vectors: Int
    let isPair: Bool
  }

  private static func kinds(_ kernels: KernelContext) -> [Kind] {
    let plain = (1...kernels.max_vectors).flatMap { vectors in
      (1...kernels.max_pixels(vectors)).map {
        Kind(function: kernels.tile($0, vectors), pixels: $0, vectors: vectors, isPair: false)
      }
    }
    guard let pair = kernels.pair_tile else { return plain }
    return plain
      + (1...kernels.max_pixels(2)).map {
        Kind(function: pair($0), pixels: $0, vectors: 1, isPair: true)
      }
  }

  /// Buffers of small integers.
  private struct Operands {
    let src: AlignedBuffer
    let wei: AlignedBuffer
    let dst: AlignedBuffer
    let bias: AlignedBuffer

    init(src: Int, wei: Int, dst: Int, bias: Int) throws {
      func integers(_ count: Int, _ value: (Int) -> Int) throws -> AlignedBuffer {
        let buffer = try AlignedBuffer(count: count)
        for i in 0..<count { buffer.elements[i] = Float(value(i)) }
        return buffer
      }
      self.src = try integers(src) { ($0 * 7 + $0 / 5) % 11 - 5 }
      self.wei = try integers(wei) { ($0 * 5 + $0 / 3) % 7 - 3 }
      self.dst = try integers(dst) { $0 % 13 - 6 }
      self.bias = try integers(bias) { $0 % 9 - 4 }
    }
  }

  /// What a tile does with its sums.
  enum Ending: CaseIterable { case plain, bias, relu, accumulate, streams }

  @Test(arguments: InstructionSet.available, Ending.allCases)
  func everyTileSumsAllBlocksAndTaps(_ isa: InstructionSet, _ ending: Ending) throws {
    let lanes = isa.kernels.lanes
    for kind in Self.kinds(isa.kernels) {
      try check(kind, lanes, 2, lanes - 2, 1..<2, 2 * lanes, ending)
      // Loops do not depend on how a tile ends.
      guard ending == .plain else { continue }
      try check(kind, lanes, 0, 2, 0..<3, lanes, ending)
      try check(kind, lanes, 1, 0, 1..<3, 3 * lanes, ending)
    }
  }

  /// One channel a tap; fetching ahead must not change what is summed.
  @Test(arguments: InstructionSet.available, [0, 77])
  func everyTileSumsPlainPlanes(_ isa: InstructionSet, _ ahead: Int) throws {
    for kind in Self.kinds(isa.kernels) where !kind.isPair {
      for step in [1, 2, 4] {
        try check(kind, isa.kernels.lanes, 0, 1, 0..<3, step, .plain, ahead: ahead)
      }
    }
  }

  /// The first tile adds the two, and keeps the sums if others follow, which read those.
  @Test(arguments: InstructionSet.available, [1, 3])
  func weightsMayBeSumsOfTwo(_ isa: InstructionSet, _ tiles: Int) throws {
    let lanes = isa.kernels.lanes
    let channels = 2 * lanes - 1
    for kind in Self.kinds(isa.kernels) where !kind.isPair {
      let (pixels, width) = (kind.pixels, kind.vectors * lanes)
      let (allPixels, count) = (tiles * pixels, channels * width)
      let operands = try Operands(
        src: 2 * allPixels * lanes, wei: 2 * count + lanes, dst: allPixels * width, bias: 0)
      let (src, wei, dst) = (operands.src, operands.wei, operands.dst)
      let kept = try AlignedBuffer(count: count)
      [0].withUnsafeBufferPointer { offsets in
        var arguments = TileArguments(
          src: src.readOnly, tap_offsets: offsets.baseAddress!, taps: 1, first_tap: 0, end_tap: 1,
          columns: 0, cuts: 0,
          pixel_stride: lanes, block_stride: allPixels * lanes, blocks: 1, tail: lanes - 1,
          wei: wei.readOnly, src_ahead: 0, src_far: 0, wei_step: 0, wei_ahead: 2 * count,
          wei_addend: count + lanes,
          wei_sums: tiles > 1 ? kept.baseAddress : nil, dst: dst.baseAddress,
          dst_pixel_stride: lanes, dst_vector_stride: allPixels * lanes,
          dst_next: dst.readOnly, bias_vectors: nil, bias_rows: nil, accumulate: 0, relu: 0,
          streams: 0, tiles: tiles, tile_src_stride: pixels * lanes, tile_wei_stride: 0,
          tile_dst_stride: pixels * lanes, tile_bias_stride: 0)
        kind.function(&arguments)
      }
      let sums = (0..<count).map { wei.elements[$0] + wei.elements[$0 + count + lanes] }
      var wrong = 0
      for p in 0..<allPixels {
        for k in 0..<width {
          let sum = (0..<channels).reduce(Float(0)) {
            let place = ($1 / lanes * allPixels + p) * lanes + $1 % lanes
            return $0 + src.elements[place] * sums[$1 * width + k]
          }
          if dst.elements[(k / lanes * allPixels + p) * lanes + k % lanes] != sum { wrong += 1 }
        }
      }
      #expect(wrong == 0, "tile \(pixels)x\(kind.vectors): \(wrong) of \(allPixels * width)")
      #expect(tiles == 1 || sums.elementsEqual(kept.elements))
    }
  }

  /// With all rows of taps and with some, each column of taps for all pixels but the first or last ones. What those
  /// would have read is not a number.
  @Test(arguments: InstructionSet.available, Ending.allCases)
  func borderTilesLeaveOutWhatPixelsLack(_ isa: InstructionSet, _ ending: Ending) throws {
    let kernels = isa.kernels
    #expect((kernels.border_tile != nil) == (isa == .avx512))
    guard let border = kernels.border_tile else { return }
    let lanes = kernels.lanes
    for vectors in 1...kernels.max_vectors {
      for pixels in kernel_border_pixels...kernels.max_pixels(vectors) {
        let tile = BorderTile(
          function: border(pixels, vectors), pixels: pixels, vectors: vectors, ending: ending)
        try tile.check(
          lanes, blocks: 2, tail: lanes - 3, rows: 0..<2, cuts: [2, 1, 0, 3, 4], tiles: 2)
        guard ending == .plain else { continue }
        try tile.check(lanes, blocks: 1, tail: 0, rows: 1..<2, cuts: [0, 0, 3], tiles: 1)
        try tile.check(lanes, blocks: 0, tail: 5, rows: 0..<1, cuts: [1], tiles: 3)
      }
    }
  }

  private struct BorderTile {
    let function: TileFunction
    let pixels: Int
    let vectors: Int
    let ending: Ending

    /// Two rows of taps in each column, of which `rows` are summed.
    func check(
      _ lanes: Int, blocks: Int, tail: Int, rows: Range<Int>, cuts: [Int], tiles: Int
    ) throws {
      let (width, channels) = (vectors * lanes, blocks * lanes + tail)
      let reach = pixels + cuts.count - 1
      // Two rows of the source for each tile, and a block's rows of all tiles together.
      let blockStride = tiles * 2 * reach * lanes
      let offsets = cuts.indices.flatMap { s in [s * lanes, (reach + s) * lanes] }
      func isLeftOut(_ p: Int, _ column: Int) -> Bool {
        let cut = cuts[column]
        return cut <= 2 ? p < cut : p >= pixels - (cut - 2)
      }
      let operands = try Operands(
        src: (blocks + 1) * blockStride, wei: channels * offsets.count * width,
        dst: tiles * pixels * width, bias: width)
      let (src, wei, dst, bias) = (operands.src, operands.wei, operands.dst, operands.bias)
      for i in 0..<src.count {
        let x = i / lanes % reach
        let isRead = cuts.indices.contains { s in
          (0..<pixels).contains(x - s) && !isLeftOut(x - s, s)
        }
        if !isRead { src.elements[i] = .nan }
      }
      let before = Array(dst.elements)
      let taps = TapTable(offsets)
      var arguments = TileArguments(
        src: src.readOnly, taps: taps, wei: wei.readOnly, dst: dst.baseAddress)
      (arguments.first_tap, arguments.end_tap) = (rows.lowerBound, rows.upperBound)
      arguments.columns = cuts.count
      arguments.cuts = cuts.reversed().reduce(0) { $0 << 4 | UInt64($1) }
      (arguments.pixel_stride, arguments.block_stride) = (lanes, blockStride)
      (arguments.blocks, arguments.tail, arguments.wei_ahead) = (blocks, tail, width)
      (arguments.dst_pixel_stride, arguments.dst_vector_stride) = (lanes, tiles * pixels * lanes)
      (arguments.tiles, arguments.tile_src_stride) = (tiles, 2 * reach * lanes)
      arguments.tile_dst_stride = pixels * lanes
      arguments.bias_vectors = ending == .bias ? bias.readOnly : nil
      arguments.accumulate = ending == .accumulate ? 1 : 0
      arguments.relu = ending == .relu ? 1 : 0
      arguments.streams = ending == .streams ? 1 : 0
      withExtendedLifetime(taps) { function(&arguments) }
      kernel_end_streaming()
      var wrong = 0
      for tile in 0..<tiles {
        for p in 0..<pixels {
          for k in 0..<width {
            var sum = ending == .bias ? bias.elements[k] : 0
            for c in 0..<channels {
              let (block, own) = (c / lanes, c % lanes)
              let size = block < blocks ? lanes : tail
              for column in cuts.indices where !isLeftOut(p, column) {
                for row in rows {
                  let tap = 2 * column + row
                  let step = block * lanes * offsets.count + tap * size + own
                  let place =
                    block * blockStride + (tile * 2 * reach + p) * lanes + offsets[tap] + own
                  sum += src.elements[place] * wei.elements[step * width + k]
                }
              }
            }
            let place = (k / lanes * tiles * pixels + tile * pixels + p) * lanes + k % lanes
            if ending == .accumulate { sum += before[place] }
            if ending == .relu { sum = max(sum, 0) }
            if dst.elements[place] != sum { wrong += 1 }
          }
        }
      }
      #expect(
        wrong == 0,
        "border tile \(pixels)x\(vectors), \(blocks) blocks and \(tail), rows \(rows), cuts \(cuts): \(wrong) of \(dst.count)"
      )
    }
  }

  /// Not for an odd number of channels.
  @Test func singleVectorsOfOutputsArePairedWithAVX512() throws {
    for isa in InstructionSet.available {
      let lanes = isa.kernels.lanes
      for (channels, vectors) in [(2 * lanes, 1), (2 * lanes, 5), (2 * lanes + 1, 1)] {
        let p = try ConvolutionProblem(
          ic: channels, ih: 14, iw: 14, oc: vectors * lanes, kh: 1, kw: 1)
        let columns = try DirectPlan(p, PlanOptions(isa: isa, threads: 1, layout: .native))
          .tiling.columns
        let single = columns.count { $0.vectors == 1 }
        let paired = columns.count { $0.tile.pairsChannels }
        #expect(single == 1 || vectors > 1)
        #expect(
          paired == (isa == .avx512 && channels.isMultiple(of: 2) ? single : 0), "\(p) \(isa)")
      }
    }
  }

  private func check(
    _ kind: Kind, _ lanes: Int, _ blocks: Int, _ tail: Int, _ taps: Range<Int>, _ pixelStride: Int,
    _ ending: Ending, ahead: Int = 0
  ) throws {
    let (pixels, width, allTaps) = (kind.pixels, kind.vectors * lanes, 3)
    let channels = blocks * lanes + tail
    let offsets = [0, lanes, 2 * pixelStride]
    let blockStride = (pixels + 2) * pixelStride + 2 * lanes
    let operands = try Operands(
      src: (blocks + 1) * blockStride, wei: max(channels * allTaps * width, 1),
      dst: pixels * width, bias: width)
    let (src, wei, dst, bias) = (operands.src, operands.wei, operands.dst, operands.bias)
    let before = Array(dst.elements)
    offsets.withUnsafeBufferPointer { offsets in
      var arguments = TileArguments(
        src: src.readOnly, tap_offsets: offsets.baseAddress!, taps: allTaps,
        first_tap: taps.lowerBound, end_tap: taps.upperBound, columns: 0, cuts: 0,
        pixel_stride: pixelStride,
        block_stride: blockStride, blocks: blocks, tail: tail, wei: wei.readOnly,
        src_ahead: ahead, src_far: 2 * ahead, wei_step: 0, wei_ahead: 0, wei_addend: 0,
        wei_sums: nil,
        dst: dst.baseAddress, dst_pixel_stride: lanes,
        dst_vector_stride: pixels * lanes, dst_next: nil,
        bias_vectors: ending == .bias ? bias.readOnly : nil, bias_rows: nil,
        accumulate: ending == .accumulate ? 1 : 0, relu: ending == .relu ? 1 : 0,
        streams: ending == .streams ? 1 : 0, tiles: 1, tile_src_stride: 0, tile_wei_stride: 0,
        tile_dst_stride: 0, tile_bias_stride: 0)
      kind.function(&arguments)
      kernel_end_streaming()
    }
    let name = "\(kind.isPair ? "pair tile" : "tile") \(pixels)x\(kind.vectors)"
    var wrong = 0
    for p in 0..<pixels {
      for k in 0..<width {
        var sum = ending == .bias ? bias.elements[k] : 0
        for c in 0..<channels {
          let (block, own) = (c / lanes, c % lanes)
          let size = block < blocks ? lanes : tail
          for tap in taps {
            // Weights before this block, this tap and this channel, or the pair that it belongs to.
            let step = block * lanes * allTaps + tap * size + own
            let position =
              kind.isPair ? step / 2 * 2 * width + 2 * k + step % 2 : step * width + k
            sum +=
              src.elements[block * blockStride + offsets[tap] + p * pixelStride + own]
              * wei.elements[position]
          }
        }
        let place = k / lanes * pixels * lanes + p * lanes + k % lanes
        if ending == .accumulate { sum += before[place] }
        if ending == .relu { sum = max(sum, 0) }
        if dst.elements[place] != sum { wrong += 1 }
      }
    }
    #expect(
      wrong == 0,
      "\(name), \(blocks) blocks and \(tail), taps \(taps), \(pixelStride) apart: \(wrong) of \(pixels * width)"
    )
  }
}
