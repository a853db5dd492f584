import Convolution
import Glibc
import KernelInterface

/// Feeds source patches to an input transform.
///
/// Blocked sources are read in place; patches that reach over the border, and all patches of an
/// NCHW source, go through a strip in scratch memory.
struct TileReader {
  let problem: ConvolutionProblem
  let grid: TileGrid
  let transform: any PatchTransform
  let packer: WindowPacker
  /// Whether spectra are written past the caches; the caller ends that.
  let streams: Bool

  /// Floats of scratch memory for stretches of up to `tiles` tiles.
  func scratchCount(tiles: Int) -> Int {
    let stretch = min(tiles, grid.columns)
    return transform.patchHeight * ((stretch - 1) * grid.tileWidth + transform.patchWidth)
      * packer.kernels.lanes
  }

  /// Transforms the tiles `range` of one block of channels; tile i of the range goes to
  /// `spectrum + i·lanes`.
  func transform(
    _ src: UnsafePointer<Float>, group: Int, block: Int, tiles range: Range<Int>,
    to spectrum: UnsafeMutablePointer<Float>, xiStride: Int,
    strip: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    let lanes = packer.kernels.lanes
    grid.forEachStretch(in: range) { first, count, index in
      let top = grid.y(row: first.row) - problem.ph
      let target = spectrum + (index - range.lowerBound) * lanes
      let rowsInside = top >= 0 && top + transform.patchHeight <= problem.ih
      if rowsInside, case .blocked = packer.src.layout {
        readInPlace(
          src, group: group, block: block, first, count, top: top, target, xiStride, strip, scratch)
      } else {
        readStrip(
          src, group: group, block: block, first, count, top: top, target, xiStride, strip, scratch)
      }
    }
  }

  private func readInPlace(
    _ src: UnsafePointer<Float>, group: Int, block: Int, _ first: TileGrid.Tile, _ count: Int,
    top: Int, _ target: UnsafeMutablePointer<Float>, _ xiStride: Int,
    _ strip: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let lanes = packer.kernels.lanes
    let row =
      src
      + packer.src.offset(
        n: first.n, c: group * problem.icPerGroup + block * lanes, y: top, x: 0)
    for i in 0..<count {
      let left = grid.x(column: first.column + i) - problem.pw
      guard left >= 0, left + transform.patchWidth <= problem.iw else {
        let tile = TileGrid.Tile(n: first.n, row: first.row, column: first.column + i)
        readStrip(
          src, group: group, block: block, tile, 1, top: top, target + i * lanes, xiStride, strip,
          scratch)
        continue
      }
      var arguments = TransformArguments(
        patch: UnsafeMutablePointer(mutating: row + left * lanes),
        patch_stride: problem.iw * lanes, spectrum: target + i * lanes, xi_stride: xiStride,
        bias: nil, channels: lanes, relu: 0, fetches_next: 1,
        streams: streams ? 1 : 0)
      transform.input(&arguments, scratch: scratch)
    }
  }

  private func readStrip(
    _ src: UnsafePointer<Float>, group: Int, block: Int, _ first: TileGrid.Tile, _ count: Int,
    top: Int, _ target: UnsafeMutablePointer<Float>, _ xiStride: Int,
    _ strip: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let lanes = packer.kernels.lanes
    let window = WindowPacker.Window(
      top: top, left: grid.x(column: first.column) - problem.pw, rows: transform.patchHeight,
      columns: (count - 1) * grid.tileWidth + transform.patchWidth)
    packer.pack(src, n: first.n, group: group, block: block, window, to: strip)
    for i in 0..<count {
      var arguments = TransformArguments(
        patch: strip + i * grid.tileWidth * lanes, patch_stride: window.columns * lanes,
        spectrum: target + i * lanes, xi_stride: xiStride, bias: nil, channels: lanes, relu: 0,
        fetches_next: 0, streams: streams ? 1 : 0)
      transform.input(&arguments, scratch: scratch)
    }
  }
}
