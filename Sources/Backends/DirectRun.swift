import KernelInterface

/// Register tiles of a direct convolution that follow each other, with the calls that they take: one
/// inside the image, more at its left and right border, where some pixels lack some columns of taps.
struct DirectRun {
  /// Taps of some columns for the pixels that have them.
  struct Call {
    let group: DirectSource.TapGroup
    let function: TileFunction
  }

  /// Of all tiles.
  private(set) var pixels: Range<Int>
  /// More than one only where one call does a whole tile.
  private(set) var tiles = 1
  var tilePixels: Int { pixels.count / tiles }
  /// The calls of the first tile.
  let calls: [Call]
  /// One call does it all.
  let isWhole: Bool
  /// The last call covers every pixel.
  let endsWhole: Bool

  private init(pixels: Range<Int>, source: DirectSource, vectors: Int) {
    self.pixels = pixels
    calls = source.tapGroups(pixels).map { group in
      Call(group: group, function: source.kernels.tile(group.pixels.count, vectors))
    }
    endsWhole = calls.last?.group.pixels == pixels
    isWhole = calls.count == 1 && endsWhole
  }

  /// The runs of a column from pixel `start` of a row on: its tiles, joined as far as they have the
  /// same taps.
  static func runs(
    _ column: RegisterTiling.Column, from start: Int, source: DirectSource
  ) -> [DirectRun] {
    var runs: [DirectRun] = []
    for run in column.runs {
      for tile in 0..<run.tiles {
        let first = start + run.firstPixel + tile * run.pixels
        let next = DirectRun(
          pixels: first..<first + run.pixels, source: source, vectors: column.vectors)
        if tile == 0 || !runs[runs.count - 1].join(next) { runs.append(next) }
      }
    }
    return runs
  }

  /// Takes a tile of the same shape in that follows; false where its taps differ.
  private mutating func join(_ next: DirectRun) -> Bool {
    guard isWhole, next.isWhole, calls[0].group.columns == next.calls[0].group.columns else {
      return false
    }
    pixels = pixels.lowerBound..<next.pixels.upperBound
    tiles += 1
    return true
  }
}
