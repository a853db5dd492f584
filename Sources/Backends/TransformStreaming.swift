/// What a transform-domain convolution writes past the caches.
struct TransformStreaming: Hashable {
  /// Spectra, where a vector is a cache line, and those of a stage and their sums fill more than the last level.
  /// vgg16-conv3_2 with 8 images by `fft` 1.055 and 1.03 times as fast on one and two threads, conv4_2 1.03 and 1.01,
  /// conv2_2 1.02 and 1.01; sums in the same way .96 to 1.02.
  var spectra = false
  /// Whole tiles of a large blocked destination, where a vector is a cache line. vgg16-conv3_2 with 8 images by `fft`
  /// 1.03, by `winograd` .99 to 1.03, conv2_2 by `fft` 1.06. The fused schedule became slower (.975): it fetches what it is about
  /// to write while it multiplies.
  var tiles = false
  /// Planes of a large destination that are turned at the end, where all their vectors are aligned: 1.00 to 1.02.
  var planes = false
}
