import KernelInterface
import Parallel

/// The register tiles that a column may have: as many vectors of output channels, any number of pixels.
struct TileKind {
  let vectors: Int
  /// Whether a single vector has sums for even and odd channels of the source, which share its loads as two
  /// vectors would; each step then takes two channels, with weights `[lane][channel]`.
  let pairsChannels: Bool

  init(vectors: Int, canPairChannels: Bool, _ kernels: KernelContext) {
    self.vectors = vectors
    pairsChannels = vectors == 1 && canPairChannels && kernels.pair_tile != nil
  }

  /// Vectors of sums for each pixel.
  private var sums: Int { pairsChannels ? 2 : vectors }
  private var channelsPerStep: Int { pairsChannels ? 2 : 1 }

  func mostPixels(_ kernels: KernelContext) -> Int { kernels.max_pixels(sums) }

  func function(_ kernels: KernelContext, pixels: Int) -> TileFunction {
    pairsChannels ? kernels.pair_tile!(pixels) : kernels.tile(pixels, vectors)
  }

  /// The same at borders; nil where there is none.
  func borderFunction(_ kernels: KernelContext, pixels: Int) -> TileFunction? {
    pairsChannels || pixels < kernel_border_pixels ? nil : kernels.border_tile?(pixels, vectors)
  }

  /// Cycles for each channel and tap of a row of `pixels`, by a model of a core with two multiply-add pipes of
  /// latency 4.
  ///
  /// A step of `P × V` sums costs `max(P·V/2, 0.6·(P+V), 4)`, more where fewer than 12 hide the latency only in
  /// part (from L1, AVX2: 4×2 reaches 83 % of peak, 5×2 89, 3×3 91, 6×2 98, 4×3 99, and 14×1, bound by its loads,
  /// 78), and a little for each load (AVX-512: 14×2 97 %, 6×4 99) and tile. Weights that do not stay near cost
  /// by their bytes: on VGG-16, forced 6×4 gains 2 to 3 % where a column's weights take 150 KiB or less, and
  /// loses 4 to 14 % where they take more than 500.
  func cost(pixels: Int, isNear: Bool, _ kernels: KernelContext) -> Double {
    let streaming = isNear ? 0 : 0.005 * Double(sums * kernels.lanes * 4)
    let step = RegisterTiling.split(pixels, most: mostPixels(kernels)).reduce(0.0) { total, run in
      let (p, v) = (Double(run.count), Double(sums))
      let waiting = 0.2 * max(12 - p * v, 0)
      return total + max(p * v / 2, 0.6 * (p + v), 4) + waiting + 0.03 * (p + v) + 0.3 + streaming
    }
    return step / Double(channelsPerStep)
  }
}
