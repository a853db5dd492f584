import KernelInterface

/// The kernels of this module's instruction set.
@export(interface)
public func kernelContext() -> KernelContext {
  KernelContext(
    lanes: Vector.scalarCount,
    max_vectors: maxVectors,
    max_pixels: { maxPixels($0) },
    tile: { tileFunction(pixels: $0, vectors: $1) },
    pair_tile: pairTileFunction,
    border_tile: borderTileFunction,
    row_tile: { rowTileFunction(channels: $0, vectors: $1) },
    max_depthwise_pixels: maxDepthwisePixels,
    depthwise_tile: { depthwiseFunction(pixels: $0, stride: $1) },
    pack_channels: { Reorder.pack($0) },
    unpack_channels: { Reorder.unpack($0) },
    pack_samples: { Sampling.pack($0) },
    pack_panel: { Panel.pack($0) },
    winograd: { winogradFunctions($0, $1, $2, $3) },
    winograd_kernels: { kernelTransformFunction($0, $1) },
    strip_source: { stripSourceFunction($0, $1) },
    strip_row_source: { stripRowSourceFunction($0, $1) },
    max_strip_vectors: maxStripVectors,
    max_strips: { maxStrips($0) },
    strip_tile: { stripFunction($0, $1, strips: $2, vectors: $3) },
    max_strip_channels: { maxStripChannels($0) },
    strip_row_tile: { stripRowFunction($0, $1, channels: $2, vectors: $3) },
    split_spectrum: { Spectrum.split($0) },
    merge_spectrum: { Spectrum.merge($0) },
    copy_pixels: { Pixels.copy($0) },
    peak: { Probe.peak($0, $1) },
    read: { Probe.read($0, $1) })
}
