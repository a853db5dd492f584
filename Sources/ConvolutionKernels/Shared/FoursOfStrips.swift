/// Between rows of pixels and strips of `M` (2 or 4) of them in the lanes, by shuffles within groups of four lanes.
///
/// Those are one fast instruction each, and need no table of indices in a register as shuffles across a vector do.
/// They leave the strips in an order of their own: with q = 4/M, lane `4h + q·i + j` (i < M, j < q) holds strip
/// `i·lanes/M + q·h + j`. Vectors are settled before each round.
enum FoursOfStrips<let M: Int> {
  typealias Places = InlineArray<M, Vector>

  /// `M` vectors of neighbouring pixels from one vector for each place in a strip.
  @inline(__always)
  static func interleaved(_ places: Places) -> Places {
    guard M == 2 else { return transposed(places) }
    var pixels = places
    (pixels[0], pixels[1]) = interleaveFours(settled(places[0]), settled(places[1]))
    return pixels
  }

  /// The inverse: a vector for each place from `M` vectors of pixels.
  @inline(__always)
  static func dealt(_ pixels: Places) -> Places {
    guard M == 2 else { return transposed(pixels) }
    var places = pixels
    (places[0], places[1]) = deinterleaveFours(settled(pixels[0]), settled(pixels[1]))
    return places
  }

  /// 4×4 within each four lanes; its own inverse.
  @inline(__always)
  private static func transposed(_ rows: Places) -> Places {
    var columns = rows
    let top = interleaveFours(settled(rows[0]), settled(rows[1]))
    let bottom = interleaveFours(settled(rows[M &- 2]), settled(rows[M &- 1]))
    (columns[0], columns[1]) = pairFours(settled(top.low), settled(bottom.low))
    (columns[M &- 2], columns[M &- 1]) = pairFours(settled(top.high), settled(bottom.high))
    return columns
  }
}
