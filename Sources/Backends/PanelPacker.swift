import Convolution
import KernelInterface

/// Generates pieces of the im2col matrix `col[c·kh·kw + r·kw + s][pixel]` straight from the image.
///
/// Pixels are output positions in row order. For each tap a piece consists of a few runs of
/// contiguous source pixels; the rest are border zeros. The runs are found once a piece and serve all
/// channels.
///
/// With a horizontal stride, or in panels wider than a mask, runs are gathered for all panels of a call and then cut:
/// of 28 pixels a row few fit a panel of 32 whole. Stride 2 and 4, AVX-512, one thread: 1×1 1.02 to 1.06 times as
/// fast as run by run in each panel, 7×7 and 11×11 1.10 to 1.17.
struct PanelPacker {
  let problem: ConvolutionProblem
  let kernels: KernelContext

  private var taps: Int { problem.kh * problem.kw }

  /// Where the panels of one call go.
  struct Destination {
    let start: UnsafeMutablePointer<Float>
    /// Elements of a row to write, a multiple of the lanes.
    let width: Int
    /// Between rows, and between panels.
    let rowStride: Int
    let panelStride: Int
  }

  /// Int32 values of scratch that `pack` needs for `panels` panels of `width` pixels.
  func segmentCount(panels: Int, width: Int) -> Int {
    let line = panels * width + kernels.lanes + Self.lineAlignment / MemoryLayout<Int32>.size
    return taps * panels * (1 + Self.shiftCount + 3 * (width / problem.ow + 2))
      + (gathers(panels: panels, width: width) ? line : 0)
  }

  /// Bytes: vectors of a row of panels cross no lines of the cache.
  private static let lineAlignment = 64

  /// Whether a mask says which pixels of a panel's row lie inside.
  private func hasShifts(width: Int) -> Bool { problem.sw == 1 && width <= UInt32.bitWidth }

  /// Whether rows of all panels are gathered before they are cut.
  private func gathers(panels: Int, width: Int) -> Bool { panels > 1 && !hasShifts(width: width) }

  /// Writes rows of all channels `channels` (within the group) for panels of the pixels `panels`.
  ///
  /// Row `(c − channels.lowerBound)·kh·kw + tap` of panel i goes to `start + i·panelStride +
  /// row·rowStride`; `width` elements are written, the ones past the panel's pixels zero.
  func pack(
    _ src: UnsafePointer<Float>, n: Int, group: Int, channels: Range<Int>,
    panels: ArraySlice<Range<Int>>, to dst: Destination,
    segments scratch: UnsafeMutablePointer<Int32>
  ) {
    let p = problem
    let plane = p.ih * p.iw
    let rows = taps * panels.count
    let ends = scratch
    let shifts = UnsafeMutableRawPointer(scratch + rows).bindMemory(
      to: PanelShift.self, capacity: rows)
    let segments = scratch + rows * (1 + Self.shiftCount)
    let hasShifts = hasShifts(width: dst.width)
    let gathers = gathers(panels: panels.count, width: dst.width)
    let all = panels.first!.lowerBound..<panels.last!.upperBound
    let parts = gathers ? 1 : panels.count
    let line = UnsafeMutableRawPointer(segments + 3 * rows * (dst.width / p.ow + 2))
      .alignedUp(toMultipleOf: Self.lineAlignment)
    let first = (n * p.ic + group * p.icPerGroup + channels.lowerBound) * plane
    // What the rows of a channel read from its plane on, and next to it.
    var reach = 0..<0
    var (count, row) = (0, 0)
    for r in 0..<p.kh {
      for s in 0..<p.kw {
        for part in 0..<parts {
          let pixels = gathers ? all : panels[panels.startIndex + part]
          let start = segments + 3 * count
          let runs = findSegments(r: r, s: s, pixels, start)
          if hasShifts {
            let shift = Self.shift(start, runs)
            shifts[row] = shift
            let low = min(reach.lowerBound, Int(shift.offset))
            reach = low..<max(reach.upperBound, Int(shift.offset) + dst.width)
          }
          count += runs
          ends[row] = Int32(count)
          row += 1
        }
      }
    }
    var arguments = PanelArguments(
      src: src + first, dst: dst.start, width: dst.width, row_stride: dst.rowStride,
      panels: panels.count, panel_stride: dst.panelStride, segments: segments,
      segment_ends: ends, taps: taps, step: p.sw, channels: channels.count,
      channel_stride: plane, shifts: nil,
      line: gathers
        ? line.bindMemory(to: Float.self, capacity: panels.count * dst.width + kernels.lanes) : nil,
      last_offset: panels.last!.lowerBound - all.lowerBound,
      ahead: channels.count > Self.planesAhead ? Self.planesAhead * plane : 0)
    guard hasShifts else { return kernels.pack_panel(&arguments) }
    // Whole rows may be read of all planes but the first and the last ones of the source.
    let low = min(channels.count, max(0, (plane - 1 - first - reach.lowerBound) / plane))
    let end = max(low, min(channels.count, (p.srcCount - first - reach.upperBound + plane) / plane))
    func pack(_ part: Range<Int>, _ shifts: UnsafePointer<PanelShift>?) {
      guard !part.isEmpty else { return }
      arguments.src = src + first + part.lowerBound * plane
      arguments.dst = dst.start + part.lowerBound * taps * dst.rowStride
      arguments.channels = part.count
      arguments.shifts = shifts
      kernels.pack_panel(&arguments)
    }
    pack(0..<low, nil)
    pack(low..<end, shifts)
    pack(end..<channels.count, nil)
  }

  /// Planes between what is read and what is fetched: the lines of a panel are too few and too far apart
  /// for the hardware to follow. VGG-16, one thread: 6 is up to 9 % faster than none, 2 and 16 gain less.
  private static let planesAhead = 6
  /// Int32 values of a `PanelShift`.
  private static let shiftCount = MemoryLayout<PanelShift>.size / MemoryLayout<Int32>.size

  /// What the runs of a row have in common.
  private static func shift(_ runs: UnsafePointer<Int32>, _ count: Int) -> PanelShift {
    guard count > 0 else { return PanelShift(offset: 0, inside: 0, is_regular: 1) }
    var shift = PanelShift(offset: runs[1] - runs[0], inside: 0, is_regular: 1)
    for i in 0..<count {
      let run = runs + 3 * i
      if run[1] - run[0] != shift.offset { shift.is_regular = 0 }
      shift.inside |= (UInt32.max >> UInt32(32 - run[2])) << UInt32(run[0])
    }
    return shift
  }

  /// Runs of `pixels` whose tap (r, s) lies inside the image, as (offset in the piece, offset in the
  /// plane, count); neighbouring runs that continue each other in the plane are joined.
  private func findSegments(
    r: Int, s: Int, _ pixels: Range<Int>, _ segments: UnsafeMutablePointer<Int32>
  ) -> Int {
    let p = problem
    let dx = s * (p.dw + 1) - p.pw
    // Columns q with 0 ≤ q·sw + dx < iw.
    let low = dx >= 0 ? 0 : (-dx + p.sw - 1) / p.sw
    let high = dx >= p.iw ? 0 : (p.iw - dx + p.sw - 1) / p.sw
    var count = 0
    var pixel = pixels.lowerBound
    var (row, column) = pixel.quotientAndRemainder(dividingBy: p.ow)
    while pixel < pixels.upperBound {
      let end = min(p.ow, column + pixels.upperBound - pixel)
      let y = row * p.sh + r * (p.dh + 1) - p.ph
      let (from, to) = (max(column, low), min(end, high))
      if y >= 0, y < p.ih, from < to {
        let target = pixel - pixels.lowerBound + from - column
        let source = y * p.iw + from * p.sw + dx
        let last = segments + 3 * (count - 1)
        if count > 0, p.sw == 1, Int(last[0] + last[2]) == target,
          Int(last[1] + last[2]) == source
        {
          last[2] += Int32(to - from)
        } else {
          segments[3 * count] = Int32(target)
          segments[3 * count + 1] = Int32(source)
          segments[3 * count + 2] = Int32(to - from)
          count += 1
        }
      }
      pixel += end - column
      (row, column) = (row + 1, 0)
    }
    return count
  }
}
