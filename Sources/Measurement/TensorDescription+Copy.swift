import Convolution
import Parallel

extension TensorDescription {
  /// Elements between neighbours in a row.
  var pixelStride: Int {
    switch layout {
    case .nchw: 1
    case .blocked(let lanes): lanes
    }
  }

  /// Channels of all groups.
  var allChannels: Int { groups * channels }

  /// Offset in elements of an output.
  func offset(of position: OutputPosition) -> Int {
    offset(n: position.n, c: position.k, y: position.p, x: position.q)
  }

  /// Writes the plain NCHW tensor `plain` in this layout, on `threads` threads; filling lanes are left
  /// as they are.
  public func store(
    _ plain: UnsafePointer<Float>, to stored: UnsafeMutablePointer<Float>, threads: Int
  ) {
    // Safety: every block of channels is written by one item of work, and `plain` is only read.
    nonisolated(unsafe) let (plain, stored) = (plain, stored)
    forEachBlock(threads: threads) { block in
      let (from, to) = (plain + block.plain, stored + block.stored)
      for pixel in 0..<block.pixels {
        for lane in 0..<block.channels {
          to[pixel * block.lanes + lane] = from[lane * block.pixels + pixel]
        }
      }
    }
  }

  /// Writes the tensor `stored`, which has this layout, to `plain` as NCHW, on `threads` threads.
  public func load(
    _ stored: UnsafePointer<Float>, to plain: UnsafeMutablePointer<Float>, threads: Int
  ) {
    // Safety: every plane is written by one item of work, and `stored` is only read.
    nonisolated(unsafe) let (plain, stored) = (plain, stored)
    forEachBlock(threads: threads) { block in
      let (to, from) = (plain + block.plain, stored + block.stored)
      for lane in 0..<block.channels {
        for pixel in 0..<block.pixels {
          to[lane * block.pixels + pixel] = from[pixel * block.lanes + lane]
        }
      }
    }
  }

  /// Channels of one image that lie together: offsets of the first in both layouts.
  private struct ChannelBlock {
    let plain, stored, channels, lanes, pixels: Int
  }

  /// Calls `body` for every block of channels of every image, on several threads.
  private func forEachBlock(threads: Int, _ body: (ChannelBlock) -> Void) {
    let lanes = pixelStride
    let blocks = (channels + lanes - 1) / lanes
    let region = ParallelRegion(threads: threads, stages: [mb * groups * blocks])
    region.run { _, item, _ in
      let (row, block) = item.quotientAndRemainder(dividingBy: blocks)
      let (n, group) = row.quotientAndRemainder(dividingBy: groups)
      let first = group * channels + block * lanes
      body(
        ChannelBlock(
          plain: (n * allChannels + first) * height * width,
          stored: offset(n: n, c: first, y: 0, x: 0),
          channels: min(lanes, channels - block * lanes), lanes: lanes, pixels: height * width))
    }
  }

  /// The position whose element is stored at `index`; nil for the filling of a last block.
  ///
  /// Searches: only for messages about elements that are wrong.
  func position(ofStored index: Int) -> OutputPosition? {
    for n in 0..<mb {
      for c in 0..<allChannels {
        let first = offset(n: n, c: c, y: 0, x: 0)
        let (pixel, rest) = (index - first).quotientAndRemainder(dividingBy: pixelStride)
        guard index >= first, rest == 0, pixel < height * width else { continue }
        return OutputPosition(n: n, k: c, p: pixel / width, q: pixel % width)
      }
    }
    return nil
  }
}

extension OutputPosition {
  /// `n=0 k=3 p=12 q=5`, for messages.
  var text: String { "n=\(n) k=\(k) p=\(p) q=\(q)" }
}
