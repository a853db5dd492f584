import KernelInterface

/// The register tiles of one column of output channels along rows: which calls they take at borders, and what is
/// written before and after several calls add up.
extension DirectPlan {
  /// Rows of output that have the same taps, and where the first one begins.
  struct Rows {
    var count: Int
    var src: UnsafePointer<Float>
    let srcStride: Int
    var dst: UnsafeMutablePointer<Float>
    let dstStride: Int
    let tapRows: Range<Int>
    let vectors: Int
  }

  /// The register tiles of a run in all `rows`: a single tile in all rows by one call, several by one
  /// call a row.
  func multiply(
    _ run: DirectRun, _ calls: UnsafePointer<DirectRun.Call>, _ rows: Rows,
    _ arguments: inout TileArguments
  ) {
    if run.isSide { return multiplySide(run, calls, rows, &arguments) }
    if run.tiles == 1 {
      arguments.tiles = rows.count
      arguments.tile_src_stride = rows.srcStride
      arguments.tile_dst_stride = rows.dstStride
      return add(run, run.calls, calls, rows, &arguments)
    }
    arguments.tiles = run.tiles
    arguments.tile_src_stride = run.tilePixels * source.pixelStride
    arguments.tile_dst_stride = run.tilePixels * kernels.lanes
    var row = rows
    row.count = 1
    for _ in 0..<rows.count {
      add(run, run.calls, calls, row, &arguments)
      row.src += rows.srcStride
      row.dst += rows.dstStride
    }
  }

  /// One pixel of all `rows`, as many rows a tile as a tile has pixels.
  private func multiplySide(
    _ run: DirectRun, _ calls: UnsafePointer<DirectRun.Call>, _ rows: Rows,
    _ arguments: inout TileArguments
  ) {
    let (pixelStride, dstStride) = (arguments.pixel_stride, arguments.dst_pixel_stride)
    arguments.pixel_stride = rows.srcStride
    arguments.dst_pixel_stride = rows.dstStride
    arguments.tiles = 1
    let parts = (rows.count + run.calls.count - 1) / run.calls.count
    for part in 0..<parts {
      let (first, end) = (part * rows.count / parts, (part + 1) * rows.count / parts)
      var own = rows
      own.count = end - first
      own.src += first * rows.srcStride
      own.dst += first * rows.dstStride
      let call = run.calls.lowerBound + own.count - 1
      add(run, call..<call + 1, calls, own, &arguments)
    }
    arguments.pixel_stride = pixelStride
    arguments.dst_pixel_stride = dstStride
  }

  /// Calls of a run.
  private func add(
    _ run: DirectRun, _ indices: Range<Int>, _ calls: UnsafePointer<DirectRun.Call>, _ row: Rows,
    _ arguments: inout TileArguments
  ) {
    let lanes = kernels.lanes
    let (tapRows, relu) = (row.tapRows, arguments.relu)
    let hasAllRows = tapRows.count == problem.kh
    if let border = run.border, !tapRows.isEmpty, !(run.isWhole && hasAllRows) {
      arguments.accumulate = 0
      arguments.streams = tilesStream && kernels.isAligned(row.dst) ? 1 : 0
      arguments.src = row.src + run.pixels.lowerBound * source.pixelStride
      arguments.dst = row.dst + run.pixels.lowerBound * lanes
      (arguments.first_tap, arguments.end_tap) = (tapRows.lowerBound, tapRows.upperBound)
      (arguments.columns, arguments.cuts) = (problem.kw, border.cuts)
      return border.function(&arguments)
    }
    // Several calls add up: the first one on bias, or all on what `fill` writes.
    let isStarted = run.startsWhole && !tapRows.isEmpty
    if !isStarted { fill(run.pixels, row, arguments) }
    arguments.accumulate = isStarted ? 0 : 1
    let isOneCall =
      isStarted && run.isWhole
      && (hasAllRows || calls[indices.lowerBound].group.columns.count == 1)
    arguments.relu = isOneCall ? relu : 0
    // What is added to later is read again; vectors that stream must be aligned.
    arguments.streams = tilesStream && isOneCall && kernels.isAligned(row.dst) ? 1 : 0
    for index in indices where !tapRows.isEmpty {
      let call = calls[index]
      arguments.src = row.src + call.group.pixels.lowerBound * source.pixelStride
      arguments.dst = row.dst + call.group.pixels.lowerBound * lanes
      var column = call.group.columns.lowerBound
      while column < call.group.columns.upperBound {
        // Taps lie column by column: a part of the rows is contiguous within one.
        let end = hasAllRows ? call.group.columns.upperBound : column + 1
        let taps = source.tapRange(columns: column..<end, rows: tapRows)
        (arguments.first_tap, arguments.end_tap) = (taps.lowerBound, taps.upperBound)
        call.function(&arguments)
        arguments.accumulate = 1
        column = end
      }
    }
    arguments.relu = relu
    if relu != 0, !isOneCall { rectify(run.pixels, row, arguments) }
  }

  /// Bias, or zero, to every output of a run.
  private func fill(_ pixels: Range<Int>, _ rows: Rows, _ arguments: TileArguments) {
    let lanes = kernels.lanes
    forEachStretch(of: pixels, rows, arguments) { start, v in
      guard let bias = arguments.bias_vectors else {
        return start.update(repeating: 0, count: pixels.count * lanes)
      }
      for i in 0..<pixels.count { (start + i * lanes).update(from: bias + v * lanes, count: lanes) }
    }
  }

  private func rectify(_ pixels: Range<Int>, _ rows: Rows, _ arguments: TileArguments) {
    forEachStretch(of: pixels, rows, arguments) { start, _ in
      // Without a branch, which would be guessed wrong for half of them.
      for i in 0..<pixels.count * kernels.lanes { start[i] = start[i] < 0 ? 0 : start[i] }
    }
  }

  /// Calls `body` with each piece of `dst` that is contiguous, and the number of its vector.
  private func forEachStretch(
    of pixels: Range<Int>, _ rows: Rows, _ arguments: TileArguments,
    _ body: (UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    for row in 0..<rows.count {
      let start = rows.dst + row * rows.dstStride + pixels.lowerBound * kernels.lanes
      for v in 0..<rows.vectors { body(start + v * arguments.dst_vector_stride, v) }
    }
  }
}
