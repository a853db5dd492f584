import KernelInterface

/// A register tile of a direct convolution with the calls that it takes: one inside the image, more
/// at its left and right border, where some pixels lack some columns of taps.
struct DirectRun {
  /// Taps of some columns for the pixels that have them.
  struct Call {
    let group: DirectSource.TapGroup
    let function: TileFunction
  }

  let pixels: Range<Int>
  let calls: [Call]
  /// One call does it all.
  let isWhole: Bool
  /// The last call covers every pixel.
  let endsWhole: Bool

  init(_ run: RegisterTiling.Run, source: DirectSource, vectors: Int) {
    let pixels = run.firstPixel..<run.firstPixel + run.pixels
    self.pixels = pixels
    calls = source.tapGroups(pixels).map { group in
      Call(group: group, function: source.kernels.tile(group.pixels.count, vectors))
    }
    endsWhole = calls.last?.group.pixels == pixels
    isWhole = calls.count == 1 && endsWhole
  }
}
