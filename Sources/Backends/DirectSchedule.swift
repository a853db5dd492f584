import Convolution
import KernelInterface
import Parallel

/// In which order a direct convolution passes through its image and its weights.
///
/// - *Bands*: an item of work is a band of output rows. The thread packs the band's source rows into its own
///   window, which stays in L2 while all output channels pass over it. Weights are read once a band.
/// - *Columns*: all threads first pack the whole image together; an item is one column of output channels,
///   whose weights stay in L2 while the image passes over them. The image is read once a column.
///
/// Weights of up to half of L2 stay there beside a band. Larger ones come from further away, and what matters
/// is how many bytes do: the order that moves fewer is chosen. vgg16-conv2_2 moves 14 MB in bands, 26 in columns,
/// and is 1.00 to 1.05 times as fast in bands (8 images: 1.01 to 1.05), vgg16c-conv4_3 (1×1) 1.00 to 1.09; where
/// the rule says columns, forced bands lose up to 14 % (resnet50-conv5_shortcut on two threads).
struct DirectSchedule {
  /// Whether items are columns of output channels, not bands.
  let byColumns: Bool
  /// Bytes that the source rows of a band may take; any number for columns.
  let budget: Int
  /// Whether L2 does not keep the weights from one item to the next, so that they are asked for ahead.
  let weightsStream: Bool

  init(byColumns: Bool, budget: Int, weightsStream: Bool) {
    self.byColumns = byColumns
    self.budget = budget
    self.weightsStream = weightsStream
  }

  /// - Parameters:
  ///   - source: of the whole problem, flattened where it can be.
  ///   - tiling: of its rows.
  ///   - threads: that share the work; each reads weights for its own bands.
  init(_ source: DirectSource, _ tiling: RegisterTiling, threads: Int, cache: CacheSizes) {
    let p = source.problem
    let stepBytes = source.kernels.lanes * MemoryLayout<Float>.size
    let vectors = tiling.columns.reduce(0) { $0 + $1.vectors }
    let weights = vectors * p.reduction * stepBytes
    guard weights > cache.l2 / 2 else {
      self.init(byColumns: false, budget: cache.l2 * 3 / 8, weightsStream: false)
      return
    }
    let column = tiling.widestColumn * p.reduction * stepBytes
    let image = source.bytesRead
    let imageStays = image <= max(cache.l2 - column, cache.l2 / 8)
    let room = max(cache.l2 * 3 / 4 - column, cache.l2 / 8)
    let viaColumns = image * (imageStays ? 1 : tiling.columns.count) + weights
    let viaBands = image + weights * source.bandCount(budget: room, threads: threads)
    let byColumns = viaColumns <= viaBands
    self.init(byColumns: byColumns, budget: byColumns ? .max : room, weightsStream: true)
  }
}
