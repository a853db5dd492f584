import KernelInterface

/// Register tiles at the left and right border of an image, where a few pixels lack some columns of taps: those are
/// left out of these columns' steps, so that one pass over source and weights sums the tile. In passes by the columns
/// that pixels share, sums were written and read again, and weights read with gaps.
///
/// `C` is 1, `TileArguments.pixel_stride` is `lanes`.
extension Tile {
  @inline(__always)
  static func runAtBorder(_ pointer: UnsafePointer<TileArguments>) {
    var a = pointer.pointee
    var tile = 0
    repeat {
      var sums = Sums { _ in .init { _ in Vector(repeating: 0) } }
      start(&sums, a)
      reduceColumns(&sums, a)
      store(&sums, a)
      a.src += a.tile_src_stride
      a.dst += a.tile_dst_stride
      a.wei_ahead = 0
      tile &+= 1
    } while tile < a.tiles
  }

  @inline(__always)
  private static func reduceColumns(_ sums: inout Sums, _ a: TileArguments) {
    let width = V &* MemoryLayout<Vector>.size
    let ahead = a.wei_ahead &* MemoryLayout<Float>.size
    let rows = a.taps / a.columns
    var (src, blockWei) = (a.src, UnsafeRawPointer(a.wei))
    let blocks = a.blocks &+ (a.tail > 0 ? 1 : 0)
    var block = 0
    while block < blocks {
      let channels = block < a.blocks ? Vector.scalarCount : a.tail
      var (cuts, column) = (a.cuts, 0)
      while column < a.columns {
        var tap = column &* rows &+ a.first_tap
        let end = column &* rows &+ a.end_tap
        while tap < end {
          let pixel = src + a.tap_offsets[tap]
          let wei = blockWei + tap &* channels &* width
          fetchNext(pixel + a.block_stride, isFirst: column == 0)
          if ahead > 0 {
            for line in 0..<channels &* V {
              kernel_prefetch_l2(wei + (ahead &+ line &* MemoryLayout<Vector>.size))
            }
          }
          switch cuts & 15 {
          case 0: sumChannels(&sums, pixel, wei, channels, 0, P)
          case 1: sumChannels(&sums, pixel, wei, channels, 1, P)
          case 2: sumChannels(&sums, pixel, wei, channels, 2, P)
          case 3: sumChannels(&sums, pixel, wei, channels, 0, P - 1)
          default: sumChannels(&sums, pixel, wei, channels, 0, P - 2)
          }
          tap &+= 1
        }
        cuts >>= 4
        column &+= 1
      }
      src += a.block_stride
      blockWei += a.taps &* channels &* width
      block &+= 1
    }
  }

  /// A row of the next block: all pixels of the first column of taps, the one that is new of every other column.
  @inline(__always)
  private static func fetchNext(_ pixel: UnsafePointer<Float>, isFirst: Bool) {
    kernel_prefetch(pixel + (P &- 1) &* Vector.scalarCount)
    if isFirst { for p in 0..<P - 1 { kernel_prefetch(pixel + p &* Vector.scalarCount) } }
  }

  /// One tap of a block, for pixels `first ..< end`.
  @inline(__always)
  private static func sumChannels(
    _ sums: inout Sums, _ src: UnsafePointer<Float>, _ weights: UnsafeRawPointer, _ channels: Int,
    _ first: Int, _ end: Int
  ) {
    var (wei, c) = (weights, 0)
    while c < channels {
      multiply(&sums, src + c, Vector.scalarCount, loadWeights(wei), from: first, to: end)
      wei += V &* MemoryLayout<Vector>.size
      c &+= 1
    }
  }
}
