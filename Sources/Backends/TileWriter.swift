import Convolution
import Glibc
import KernelInterface

/// Turns sums in the transform domain into output tiles, cropped at the border.
///
/// Whole tiles of a blocked destination are written in place; partial ones, and all of an NCHW
/// destination, go through a strip in scratch memory.
struct TileWriter {
  let problem: ConvolutionProblem
  let grid: TileGrid
  let transform: any PatchTransform
  let dst: TensorDescription
  let kernels: KernelContext
  let relu: Bool
  /// Whether whole tiles are written past the caches; the caller ends that.
  let streams: Bool

  /// Floats of scratch memory for stretches of up to `tiles` tiles.
  func scratchCount(tiles: Int) -> Int {
    grid.tileHeight * min(tiles, grid.columns) * grid.tileWidth * kernels.lanes
  }

  /// Writes the tiles `range` of one vector of output channels; tile i's spectrum is at
  /// `spectrum + i·lanes`.
  func transform(
    _ spectrum: UnsafeMutablePointer<Float>, xiStride: Int, group: Int, vector: Int,
    tiles range: Range<Int>, bias: UnsafePointer<Float>?, to output: UnsafeMutablePointer<Float>,
    strip: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    let lanes = kernels.lanes
    let channel = group * problem.ocPerGroup + vector * lanes
    let channels = min(lanes, (group + 1) * problem.ocPerGroup - channel)
    grid.forEachStretch(in: range) { first, count, index in
      let (rows, _) = grid.valid(first)
      let start =
        output
        + dst.offset(
          n: first.n, c: channel, y: grid.y(row: first.row), x: grid.x(column: first.column))
      var arguments = TransformArguments(
        patch: strip, patch_stride: count * grid.tileWidth * lanes,
        spectrum: spectrum + (index - range.lowerBound) * lanes, xi_stride: xiStride,
        bias: bias, channels: channels, relu: relu ? 1 : 0, fetches_next: 0, streams: 0)
      let lastColumns =
        grid.valid(.init(n: first.n, row: first.row, column: first.column + count - 1)).columns
      let columns = (count - 1) * grid.tileWidth + lastColumns
      if case .blocked = dst.layout, rows == grid.tileHeight {
        arguments.patch_stride = problem.ow * lanes
        arguments.fetches_next = 1
        arguments.streams = streams && kernels.isAligned(start) ? 1 : 0
        for i in 0..<count where i < count - 1 || lastColumns == grid.tileWidth {
          arguments.patch = start + i * grid.tileWidth * lanes
          transform.output(&arguments, scratch: scratch)
          arguments.spectrum += lanes
        }
        guard lastColumns < grid.tileWidth else { return }
        arguments.patch = strip
        arguments.patch_stride = grid.tileWidth * lanes
        arguments.fetches_next = 0
        arguments.streams = 0
        transform.output(&arguments, scratch: scratch)
        copy(
          strip, grid.tileWidth, rows: rows, columns: lastColumns,
          to: start + (count - 1) * grid.tileWidth * lanes)
      } else {
        for i in 0..<count {
          arguments.patch = strip + i * grid.tileWidth * lanes
          transform.output(&arguments, scratch: scratch)
          arguments.spectrum += lanes
        }
        store(
          strip, count * grid.tileWidth, rows: rows, columns: columns, channels: channels, to: start
        )
      }
    }
  }

  private func copy(
    _ strip: UnsafeMutablePointer<Float>, _ stripColumns: Int, rows: Int, columns: Int,
    to start: UnsafeMutablePointer<Float>
  ) {
    let lanes = kernels.lanes
    for row in 0..<rows {
      memcpy(
        start + row * problem.ow * lanes, strip + row * stripColumns * lanes, columns * lanes * 4)
    }
  }

  private func store(
    _ strip: UnsafeMutablePointer<Float>, _ stripColumns: Int, rows: Int, columns: Int,
    channels: Int, to start: UnsafeMutablePointer<Float>
  ) {
    if case .blocked = dst.layout {
      return copy(strip, stripColumns, rows: rows, columns: columns, to: start)
    }
    for row in 0..<rows {
      var arguments = ReorderArguments(
        src: strip + row * stripColumns * kernels.lanes, dst: start + row * problem.ow,
        pixels: columns, row_pixels: columns, row_gap: 0,
        channels: channels, plane_stride: problem.oh * problem.ow,
        ahead: row < rows - 1 ? problem.ow : 0, streams: 0)
      kernels.unpack_channels(&arguments)
    }
  }
}
