import KernelInterface

/// A register tile of `P` pixels × `V` vectors of sums: `V` vectors of output channels (`C` is 1), or one (`V`
/// and `C` are 2) whose even and odd channels of the source are summed in lanes of their own.
///
/// Algorithm: `TileArguments`' formula. Schedule: all `P·V` sums stay in registers over the whole
/// reduction; each step takes `C` channels: it loads `V` weight vectors and broadcasts `P` times `C` source
/// scalars, so the loads per multiply-add are `1/P + 1/V`. The destination is touched once.
///
/// A single vector of output channels has no second one to share its broadcasts with, and loads would bound it: in
/// pairs of channels it does (AVX-512, from L1: 88 and 99 % of peak).
struct Tile<let P: Int, let V: Int, let C: Int> {
  typealias Sums = InlineArray<P, InlineArray<V, Vector>>

  @inline(__always)
  static func run(_ pointer: UnsafePointer<TileArguments>) {
    var a = pointer.pointee
    if a.wei_step == 0 { a.wei_step = V &* Vector.scalarCount }
    var tile = 0
    repeat {
      // Filled by closures: `init(repeating:)` is a call that would pin the array to memory.
      var sums = Sums { _ in .init { _ in Vector(repeating: 0) } }
      if let next = a.dst_next {
        for p in 0..<P {
          for v in 0..<V / C {
            kernel_prefetch_write(
              next + (p &* a.dst_pixel_stride &+ v &* a.dst_vector_stride))
          }
        }
        a.dst_next = next + a.tile_dst_stride
      }
      start(&sums, a)
      // The common distances between pixels as constants: addresses become displacements, which leaves
      // no pointer a pixel to keep in (or fetch back to) a register at every step.
      switch a.pixel_stride {
      case Vector.scalarCount where C == 1 && a.wei_addend != 0: reduceAdded(&sums, a)
      case Vector.scalarCount: reduce(&sums, a, Vector.scalarCount)
      case 2 * Vector.scalarCount: reduce(&sums, a, 2 * Vector.scalarCount)
      case 1 where C == 1: reduceTaps(&sums, a, 1)
      case 2 where C == 1: reduceTaps(&sums, a, 2)
      case 4 where C == 1: reduceTaps(&sums, a, 4)
      case let stride where C == 1 && P <= kernel_side_pixels && a.blocks == 0 && a.tail == 1:
        reduceTaps(&sums, a, stride)
      default: reduce(&sums, a, a.pixel_stride)
      }
      if C == 2 { merge(&sums, a) }
      store(&sums, a)
      a.src += a.tile_src_stride
      a.wei += a.tile_wei_stride
      a.dst += a.tile_dst_stride
      a.bias_rows = a.bias_rows.map { $0 + a.tile_bias_stride }
      a.wei_ahead = 0
      if a.wei_addend != 0, let sums = a.wei_sums {
        a.wei = UnsafePointer(sums)
        a.wei_addend = 0
      }
      tile &+= 1
    } while tile < a.tiles
  }

  @inline(__always)
  private static func reduce(_ sums: inout Sums, _ a: TileArguments, _ pixelStride: Int) {
    let width = a.wei_step &* MemoryLayout<Float>.size
    var blockWei = UnsafeRawPointer(a.wei)
    let ahead = a.wei_ahead &* MemoryLayout<Float>.size
    var src = a.src
    let blocks = a.blocks &+ (a.tail > 0 ? 1 : 0)
    var block = 0
    while block < blocks {
      let channels = block < a.blocks ? Vector.scalarCount : a.tail
      var wei = blockWei + a.first_tap &* (channels / C) &* width
      var tap = a.first_tap
      while tap < a.end_tap {
        let pixel = src + a.tap_offsets[tap]
        let isLast = tap &+ 1 == a.end_tap
        let next =
          isLast
          ? src + (a.block_stride &+ a.tap_offsets[a.first_tap]) : src + a.tap_offsets[tap &+ 1]
        if channels == Vector.scalarCount {
          for p in 0..<P { kernel_prefetch(next + p &* pixelStride) }
        }
        if a.src_far != 0 {
          for p in 0..<P { kernel_prefetch_l2(pixel + (a.src_far &+ p &* pixelStride)) }
        }
        // Two loops: a test at each step costs a few per cent, and so does fetching what is near.
        var c = 0
        if ahead > 0 {
          while c < channels {
            for v in 0..<V { kernel_prefetch_l2(wei + (ahead &+ v &* MemoryLayout<Vector>.size)) }
            step(&sums, pixel + c, pixelStride, wei)
            wei += width
            c &+= C
          }
        } else {
          while c < channels {
            step(&sums, pixel + c, pixelStride, wei)
            wei += width
            c &+= C
          }
        }
        tap &+= 1
      }
      src += a.block_stride
      blockWei += a.taps &* (channels / C) &* width
      block &+= 1
    }
  }

  /// Weights that are sums of two, one tap. They are kept if other tiles follow: from L2, twice the bytes would bound
  /// every tile.
  @inline(__always)
  private static func reduceAdded(_ sums: inout Sums, _ a: TileArguments) {
    let width = V &* MemoryLayout<Vector>.size
    let addend = a.wei_addend &* MemoryLayout<Float>.size
    let ahead = a.wei_ahead &* MemoryLayout<Float>.size
    var (src, wei) = (a.src, UnsafeRawPointer(a.wei))
    var kept = a.wei_sums.map { UnsafeMutableRawPointer($0) }
    let blocks = a.blocks &+ (a.tail > 0 ? 1 : 0)
    var block = 0
    while block < blocks {
      let channels = block < a.blocks ? Vector.scalarCount : a.tail
      let next = src + a.block_stride
      for p in 0..<P { kernel_prefetch(next + p &* Vector.scalarCount) }
      var c = 0
      while c < channels {
        for v in 0..<V { kernel_prefetch_l2(wei + (ahead &+ v &* MemoryLayout<Vector>.size)) }
        var weights = loadWeights(wei)
        let others = loadWeights(wei + addend)
        for v in 0..<V { weights[v] += others[v] }
        if let target = kept {
          for v in 0..<V {
            target.storeBytes(
              of: weights[v], toByteOffset: v &* MemoryLayout<Vector>.size, as: Vector.self)
          }
          kept = target + width
        }
        multiply(&sums, src + c, Vector.scalarCount, weights)
        wei += width
        c &+= 1
      }
      src = next
      block &+= 1
    }
  }

  /// One channel a tap, as in plain planes, where each step would be a loop of its own.
  @inline(__always)
  private static func reduceTaps(_ sums: inout Sums, _ a: TileArguments, _ pixelStride: Int) {
    let width = V &* MemoryLayout<Vector>.size
    var wei = UnsafeRawPointer(a.wei) + a.first_tap &* width
    var tap = a.first_tap
    // Two loops, as above. The loads of a single vector bound it already.
    if V > 1, a.src_ahead != 0 {
      while tap < a.end_tap {
        let pixel = a.src + a.tap_offsets[tap]
        // Of tiles no wider than a line, the last pixels fall into all lines.
        if pixelStride == 1 || P &* pixelStride > 16 { kernel_prefetch_l2(pixel + a.src_far) }
        if pixelStride > 1 { kernel_prefetch_l2(pixel + (a.src_far &+ (P &- 1) &* pixelStride)) }
        fetch(pixel + a.src_ahead, pixelStride)
        step(&sums, pixel, pixelStride, wei)
        wei += width
        tap &+= 1
      }
    } else {
      while tap < a.end_tap {
        step(&sums, a.src + a.tap_offsets[tap], pixelStride, wei)
        wei += width
        tap &+= 1
      }
    }
  }

  /// The lines of a tile's pixels.
  @inline(__always)
  private static func fetch(_ src: UnsafePointer<Float>, _ pixelStride: Int) {
    let (line, last) = (64 / MemoryLayout<Float>.size, (P &- 1) &* pixelStride)
    for i in 0..<(last &+ line &- 1) / line { kernel_prefetch(src + i &* line) }
    kernel_prefetch(src + last)
  }

  @inline(__always)
  private static func step(
    _ sums: inout Sums, _ src: UnsafePointer<Float>, _ stride: Int, _ wei: UnsafeRawPointer
  ) {
    multiply(&sums, src, stride, loadWeights(wei))
  }

  @inline(__always)
  static func loadWeights(_ wei: UnsafeRawPointer) -> InlineArray<V, Vector> {
    var weights = InlineArray<V, Vector> { _ in Vector(repeating: 0) }
    for v in 0..<V {
      weights[v] = wei.loadUnaligned(
        fromByteOffset: v &* MemoryLayout<Vector>.size, as: Vector.self)
    }
    return weights
  }

  @inline(__always)
  static func multiply(
    _ sums: inout Sums, _ src: UnsafePointer<Float>, _ stride: Int,
    _ weights: InlineArray<V, Vector>, from first: Int = 0, to end: Int = P
  ) {
    for p in first..<end {
      let x = C == 2 ? repeatedPair(src + p &* stride) : Vector(repeating: src[p &* stride])
      for v in 0..<V { sums[p][v] = multiplyAdd(x, weights[v], sums[p][v]) }
    }
  }

  @inline(__always)
  static func start(_ sums: inout Sums, _ a: TileArguments) {
    guard C == 1 else { return }  // `merge` adds them.
    if a.accumulate != 0 {
      for p in 0..<P { for v in 0..<V { sums[p][v] = loadVector(target(a, p, v)) } }
    } else if let bias = a.bias_vectors {
      for v in 0..<V {
        let value = loadVector(bias + v &* Vector.scalarCount)
        for p in 0..<P { sums[p][v] = value }
      }
    } else if let bias = a.bias_rows {
      for p in 0..<P {
        let value = Vector(repeating: bias[p])
        for v in 0..<V { sums[p][v] = value }
      }
    }
  }

  /// Sums of even and of odd channels become one, in the first vector, with what `start` left out.
  @inline(__always)
  private static func merge(_ sums: inout Sums, _ a: TileArguments) {
    for p in 0..<P { sums[p][0] = addPairs(sums[p][0], sums[p][V &- 1]) }
    if a.accumulate != 0 {
      for p in 0..<P { sums[p][0] += loadVector(target(a, p, 0)) }
    } else if let bias = a.bias_vectors {
      let value = loadVector(bias)
      for p in 0..<P { sums[p][0] += value }
    }
  }

  @inline(__always)
  static func store(_ sums: inout Sums, _ a: TileArguments) {
    if a.relu != 0 {
      for p in 0..<P { for v in 0..<V / C { storeVector(rectified(sums[p][v]), target(a, p, v)) } }
    } else if a.streams != 0 {
      for p in 0..<P { for v in 0..<V / C { streamVector(sums[p][v], target(a, p, v)) } }
    } else {
      for p in 0..<P { for v in 0..<V / C { storeVector(sums[p][v], target(a, p, v)) } }
    }
  }

  @inline(__always)
  private static func target(_ a: TileArguments, _ p: Int, _ v: Int) -> UnsafeMutablePointer<Float>
  {
    a.dst + (p &* a.dst_pixel_stride &+ v &* a.dst_vector_stride)
  }
}
