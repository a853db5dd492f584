import Backends
import Convolution
import KernelInterface

/// How fast a register tile runs on its own, with everything it reads and writes in the first-level
/// cache: what is missing to 1 is the kernel's own loss, what a layer loses beyond it is memory's.
public struct KernelRate: Codable, Hashable, Sendable {
  /// `tile 14x2`: pixels × vectors of output channels; `row tile 14x2`: channels × vectors of pixels; `strip tile
  /// 2x2`: strips of four pixels × vectors of output channels; `strip row tile 2x2`: channels × vectors of strips.
  public let kernel: String
  /// The instruction set.
  public let isa: String
  /// Steps of the reduction, each a multiply-add of every sum.
  public let steps: Int
  /// Operations a second, the median of several windows.
  public let flopsPerSecond: Double
  /// That over the peak measured in turn with it.
  public let peakFraction: Double

  private enum CodingKeys: String, CodingKey {
    case kernel, isa, steps
    case flopsPerSecond = "flops_per_second"
    case peakFraction = "peak_fraction"
  }
}

/// Measures the register tiles of an instruction set.
public struct KernelBenchmark {
  /// The instruction set; the CPU must have it.
  public let isa: InstructionSet
  private let kernels: KernelContext
  private let clock = MonotonicClock()

  /// Steps of a first layer (3×3 over three channels): starting and storing a tile shows.
  static let shortReduction = 27
  private static let windows = 7
  /// Seconds.
  private static let window = 0.01

  /// Prepares the benchmark of `isa`.
  public init(_ isa: InstructionSet) {
    self.isa = isa
    kernels = isa.kernels
  }

  /// The largest tile of every width, over a short reduction and over one that fills half of L1.
  public func measure(l1: Int) throws(AllocationError) -> [KernelRate] {
    var rates: [KernelRate] = []
    func long(_ vectors: Int) -> Int {
      let steps = l1 / 2 / (vectors * kernels.lanes * 4) / kernels.lanes * kernels.lanes
      return max(steps, kernels.lanes)
    }
    for vectors in 1...kernels.max_vectors {
      let pixels = kernels.max_pixels(vectors)
      for steps in [Self.shortReduction, long(vectors)] {
        rates.append(
          try tile("tile", kernels.tile(pixels, vectors), pixels, vectors, steps: steps))
      }
    }
    if let pairTile = kernels.pair_tile {
      let pixels = kernels.max_pixels(2)
      // An even number of steps.
      for steps in [Self.shortReduction + 1, long(1)] {
        rates.append(try tile("pair tile", pairTile(pixels), pixels, 1, steps: steps))
      }
    }
    for vectors in 1...2 {
      for steps in [Self.shortReduction, 9 * kernels.lanes] {
        rates.append(try rowTile(channels: kernels.max_pixels(2), vectors: vectors, steps: steps))
      }
    }
    for vectors in 1...kernels.max_strip_vectors {
      // Six vectors of pixels beside those of weights.
      let stepBytes = 6 * (vectors + 1) * kernels.lanes * 4
      for steps in [Self.shortReduction / 3, max(l1 / 2 / stepBytes, 1)] {
        rates.append(try stripTile(vectors: vectors, steps: steps))
      }
    }
    for vectors in 1...2 where kernels.max_strip_channels(vectors) > 0 {
      let stepBytes = 6 * (vectors * kernels.lanes + kernels.max_strip_channels(vectors)) * 4
      for steps in [Self.shortReduction / 3, max(l1 / 2 / stepBytes, 1)] {
        rates.append(try stripRowTile(vectors: vectors, steps: steps))
      }
    }
    return rates
  }

  /// F(4, 3); only products count, not the output transform.
  private func stripTile(vectors: Int, steps: Int) throws(AllocationError) -> KernelRate {
    let (m, r, alpha) = (4, 3, 6)
    let strips = kernels.max_strips(vectors)
    let width = vectors * kernels.lanes
    let src = try filled(steps * alpha * kernels.lanes)
    let wei = try filled(steps * alpha * width)
    let dst = try filled(strips * m * width)
    var arguments = StripArguments(
      src: src.readOnly, first_strip: 0, step_stride: alpha * kernels.lanes, steps: steps,
      wei: wei.readOnly, dst: dst.baseAddress, dst_vector_stride: strips * m * kernels.lanes,
      bias: nil, relu: 0, streams: 0, tiles: 1)
    let function = kernels.strip_tile(m, r, strips, vectors)!
    return rate(
      "strip tile \(strips)x\(vectors)", steps: steps, sums: strips * alpha * width
    ) {
      for _ in 0..<Self.tilesACall { function(&arguments) }
    }
  }

  /// The same for plain planes.
  private func stripRowTile(vectors: Int, steps: Int) throws(AllocationError) -> KernelRate {
    let (m, r, alpha) = (4, 3, 6)
    let channels = kernels.max_strip_channels(vectors)
    let width = vectors * kernels.lanes
    let src = try filled(steps * alpha * width)
    let wei = try filled(steps * alpha * channels)
    let dst = try filled(channels * m * width)
    var arguments = StripRowArguments(
      src: src.readOnly, step_stride: alpha * width, steps: steps, wei: wei.readOnly,
      tile_wei_stride: 0, dst: dst.baseAddress, plane_stride: m * width,
      dst_vector_stride: m * kernels.lanes,
      bias: nil, relu: 0, streams: 0, tiles: 1)
    let function = kernels.strip_row_tile(m, r, channels, vectors)!
    return rate(
      "strip row tile \(channels)x\(vectors)", steps: steps, sums: channels * alpha * width
    ) {
      for _ in 0..<Self.tilesACall { function(&arguments) }
    }
  }

  /// Whole blocks of channels at one tap; the rest of `steps` is a last, narrower block.
  private func tile(
    _ name: String, _ function: TileFunction, _ pixels: Int, _ vectors: Int, steps: Int
  ) throws(AllocationError) -> KernelRate {
    let (lanes, width) = (kernels.lanes, vectors * kernels.lanes)
    let blocks = (steps + lanes - 1) / lanes
    let src = try filled(blocks * pixels * lanes)
    let wei = try filled(steps * width)
    let dst = try filled(pixels * width)
    var offset = 0
    return withUnsafePointer(to: &offset) { taps in
      var arguments = TileArguments(
        src: src.readOnly, tap_offsets: taps, taps: 1, first_tap: 0, end_tap: 1, columns: 0,
        cuts: 0,
        pixel_stride: lanes, block_stride: pixels * lanes, blocks: steps / lanes,
        tail: steps % lanes, wei: wei.readOnly, src_ahead: 0, src_far: 0, wei_step: 0, wei_ahead: 0,
        wei_addend: 0,
        wei_sums: nil,
        dst: dst.baseAddress, dst_pixel_stride: lanes, dst_vector_stride: pixels * lanes,
        dst_next: nil,
        bias_vectors: nil, bias_rows: nil, accumulate: 0, relu: 0, streams: 0,
        tiles: Self.tilesACall,
        tile_src_stride: 0, tile_wei_stride: 0, tile_dst_stride: 0, tile_bias_stride: 0)
      return rate("\(name) \(pixels)x\(vectors)", steps: steps, sums: pixels * width) {
        function(&arguments)
      }
    }
  }

  private func rowTile(
    channels: Int, vectors: Int, steps: Int
  ) throws(AllocationError) -> KernelRate {
    let width = vectors * kernels.lanes
    let src = try filled(steps + width)
    let wei = try filled(steps * channels)
    let dst = try filled(channels * width * Self.tilesACall)
    let offsets = Array(0..<steps)
    return offsets.withUnsafeBufferPointer { taps in
      var arguments = RowTileArguments(
        src: src.readOnly, tap_offsets: taps.baseAddress!, taps: steps, wei: wei.readOnly,
        dst: dst.baseAddress, plane_stride: width, bias: nil, relu: 0, streams: 0, tiles: 1)
      let function = kernels.row_tile(channels, vectors)
      return rate("row tile \(channels)x\(vectors)", steps: steps, sums: channels * width) {
        for _ in 0..<Self.tilesACall { function(&arguments) }
      }
    }
  }

  /// As along a row of a first layer.
  private static let tilesACall = 16

  private func filled(_ count: Int) throws(AllocationError) -> AlignedBuffer {
    let buffer = try AlignedBuffer(count: count)
    buffer.elements.update(repeating: 0.5)
    return buffer
  }

  /// The median rate of `call`, which runs `tilesACall` tiles, and its share of the peak beside it.
  private func rate(
    _ name: String, steps: Int, sums: Int, _ call: () -> Void
  ) -> KernelRate {
    let flops = 2 * Double(sums * steps * Self.tilesACall)
    var cell: [Float] = [0.5, 1, 0]
    let peakRounds = 1000
    let peakFLOPs = kernels.peak(peakRounds, &cell)
    var (own, share): ([Double], [Double]) = ([], [])
    for _ in 0..<Self.windows {
      let peak = repeated(peakFLOPs) { _ = kernels.peak(peakRounds, &cell) }
      let rate = repeated(flops, call)
      own.append(rate)
      share.append(rate / peak)
    }
    return KernelRate(
      kernel: name, isa: isa.rawValue, steps: steps, flopsPerSecond: SampleStatistics(own)!.median,
      peakFraction: SampleStatistics(share)!.median)
  }

  /// Operations a second over one window of calls.
  private func repeated(_ flops: Double, _ call: () -> Void) -> Double {
    call()
    let start = clock.nanoseconds()
    var calls = 0
    repeat {
      for _ in 0..<64 { call() }
      calls += 64
    } while clock.seconds(since: start) < Self.window
    return flops * Double(calls) / clock.seconds(since: start)
  }
}
