import KernelInterface

/// Register tiles of a direct convolution that follow each other, with the calls that they take: one
/// inside the image, more at its left and right border, where some pixels lack some columns of taps. Or, on its
/// own, a pixel at a side: its tiles reach down the rows.
struct DirectRun {
  /// Taps of some columns for the pixels that have them.
  struct Call {
    let group: DirectSource.TapGroup
    let function: TileFunction
  }

  /// A tile for pixels that lack columns of taps and rows that lack rows of them, and which pixels do.
  struct Border {
    let cuts: UInt64
    let function: TileFunction
  }

  /// Of all tiles.
  fileprivate(set) var pixels: Range<Int>
  /// More than one only where one call does a whole tile.
  fileprivate(set) var tiles = 1
  var tilePixels: Int { pixels.count / tiles }
  /// The calls of the first tile, in `DirectRuns.calls`.
  let calls: Range<Int>
  /// The first call covers every pixel.
  let startsWhole: Bool
  /// One call instead of several, if there is such a tile.
  var border: Border?
  /// The pixel of many rows: of the calls, the n-th is for n rows.
  var isSide = false
  /// One call does it all.
  var isWhole: Bool { startsWhole && (isSide || calls.count == 1) }
}

/// The runs of one column of register tiles along a row, in stable memory: between two tiles nothing
/// is allocated and no reference counted. Both took 3 % of vgg16-conv5_1, 22 % of a 16→32 layer of that size.
final class DirectRuns {
  private let runs: StableTable<DirectRun>
  private let calls: StableTable<DirectRun.Call>

  /// Where they lie, for as long as the runs live.
  struct View {
    let runs: UnsafeBufferPointer<DirectRun>
    let calls: UnsafePointer<DirectRun.Call>
  }

  var view: View {
    View(
      runs: UnsafeBufferPointer(start: runs.values, count: runs.count), calls: calls.values)
  }

  /// The tiles of `column` from pixel `start` of a row on, joined as far as they have the same taps.
  ///
  /// - Parameter sides: pixels of their own, besides those.
  init(
    _ column: RegisterTiling.Column, from start: Int, sides: [Int] = [], source: DirectSource
  ) {
    var runs: [DirectRun] = []
    var calls: [DirectRun.Call] = []
    for tiles in column.runs {
      for tile in 0..<tiles.tiles {
        let first = start + tiles.firstPixel + tile * tiles.pixels
        let pixels = first..<first + tiles.pixels
        let own = source.tapGroups(pixels).map { group in
          DirectRun.Call(
            group: group,
            function: column.tile.function(source.kernels, pixels: group.pixels.count))
        }
        let border = source.cuts(pixels).flatMap { cuts in
          column.tile.borderFunction(source.kernels, pixels: pixels.count).map {
            DirectRun.Border(cuts: cuts, function: $0)
          }
        }
        let run = DirectRun(
          pixels: pixels, calls: calls.count..<calls.count + own.count,
          startsWhole: own.first?.group.pixels == pixels, border: border)
        if tile > 0, let last = runs.last, last.isWhole, run.isWhole,
          calls[last.calls.lowerBound].group.columns == own[0].group.columns
        {
          runs[runs.count - 1].pixels = last.pixels.lowerBound..<pixels.upperBound
          runs[runs.count - 1].tiles += 1
        } else {
          runs.append(run)
          calls += own
        }
      }
    }
    for pixel in sides {
      let group = source.tapGroup(ofSide: pixel)
      let most = min(kernel_side_pixels, column.tile.mostPixels(source.kernels))
      let own = (1...most).map {
        DirectRun.Call(group: group, function: column.tile.function(source.kernels, pixels: $0))
      }
      runs.append(
        DirectRun(
          pixels: group.pixels, calls: calls.count..<calls.count + own.count,
          startsWhole: !group.columns.isEmpty, isSide: true))
      calls += own
    }
    self.runs = StableTable(runs)
    self.calls = StableTable(calls)
  }
}
