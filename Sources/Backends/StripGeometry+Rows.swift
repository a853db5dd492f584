import Parallel

/// Tiles of plain planes: neighbouring strips in the lanes.
extension StripGeometry {
  /// Tiles of one place in a row.
  struct RowRun: Sendable {
    /// The first block in a transformed line, in floats.
    let offset: Int
    let firstPixel: Int
    /// Between the outputs of neighbouring blocks of a tile.
    let pixelsApart: Int
    /// Of strips, in each tile.
    let vectors: Int
  }

  /// Neighbouring output channels in tiles of one shape.
  struct RowPanel: Sendable {
    let firstChannel: Int
    /// Of a tile.
    let channels: Int
    let tiles: Int
  }

  /// Vectors of strips of a tile that is not alone in its row.
  private var rowVectors: Int { blocks > 1 && kernels.max_strip_channels(2) > 0 ? 2 : 1 }

  /// The output channels of a group.
  var rowPanels: [RowPanel] {
    let channels = RegisterTiling.split(
      problem.ocPerGroup, most: kernels.max_strip_channels(rowVectors))
    return Set(channels.map(\.count)).sorted(by: >).map { count in
      let same = channels.filter { $0.count == count }
      return RowPanel(firstChannel: same[0].lowerBound, channels: count, tiles: same.count)
    }
  }

  /// The places of tiles in a row.
  var rowRuns: [RowRun] {
    let width = lanes * algorithm.m
    return stride(from: 0, to: blocks, by: rowVectors).map { block in
      let first = min(block * width, lastPixel)
      return RowRun(
        offset: block * blockCount, firstPixel: first,
        pixelsApart: min((block + 1) * width, lastPixel) - first,
        vectors: min(rowVectors, blocks - block))
    }
  }

  /// Estimated cycles of products, and of output transforms, of all rows of an image with so many steps in all.
  func rowCycles(steps: Double) -> (product: Double, output: Double) {
    var cycles = (product: 0.0, output: 0.0)
    for panel in rowPanels {
      for run in rowRuns {
        addCycles(
          panel.tiles, panel.channels, run.vectors, steps, Self.interleavedOutput, to: &cycles)
      }
    }
    return cycles
  }

  /// Cycles to transform, interleave and store a vector of outputs.
  private static let interleavedOutput = 2.0
}
