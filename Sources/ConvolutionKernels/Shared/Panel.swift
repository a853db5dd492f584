import KernelInterface

/// Rows of im2col panels, copied straight from the image.
enum Panel {
  /// Every run of source pixels, zeros around them. All taps of a channel follow each other, and all
  /// panels of a tap: its few lines of source are fetched once, in order.
  static func pack(_ pointer: UnsafePointer<PanelArguments>) {
    let a = pointer.pointee
    switch (a.shifts, a.width) {
    case (let shifts?, 2 * Vector.scalarCount): packShifted(a, shifts, vectors: 2)
    case (let shifts?, Vector.scalarCount): packShifted(a, shifts, vectors: 1)
    default: packByRuns(a)
    }
  }

  /// Not inlined: it would take the registers of the common case.
  @inline(never)
  private static func packByRuns(_ a: PanelArguments) {
    switch (a.line, a.step) {
    case (let line?, 2): packLine(a, line, step: 2)
    case (let line?, let step): packLine(a, line, step: step)
    default: packPanels(a)
    }
  }

  /// By way of a row of all panels: runs are longer than their pieces in panels.
  @inline(__always)
  private static func packLine(
    _ a: PanelArguments, _ line: UnsafeMutablePointer<Float>, step: Int
  ) {
    let width = a.last_offset &+ a.width
    var (src, dst) = (a.src, a.dst)
    for _ in 0..<a.channels {
      var run = a.segments
      for tap in 0..<a.taps {
        let end = a.segments + 3 &* Int(a.segment_ends[tap])
        var pixel = 0
        while run < end {
          let (target, source, count) = (Int(run[0]), src + Int(run[1]), Int(run[2]))
          clear(line + pixel, target &- pixel)
          if a.ahead > 0 { fetch(source + a.ahead, step &* count) }
          copy(source, step, line + target, count)
          pixel = target &+ count
          run += 3
        }
        clear(line + pixel, width &- pixel)
        copyToPanels(a, line, dst)
        dst += a.row_stride
      }
      src += a.channel_stride
    }
  }

  @inline(__always)
  private static func copyToPanels(
    _ a: PanelArguments, _ line: UnsafePointer<Float>, _ dst: UnsafeMutablePointer<Float>
  ) {
    var (source, row) = (line, dst)
    for panel in 0..<a.panels {
      if panel &+ 1 == a.panels { source = line + a.last_offset }
      var x = 0
      while x < a.width {
        storeVector(loadVector(source + x), row + x)
        x &+= Vector.scalarCount
      }
      source += a.width
      row += a.panel_stride
    }
  }

  @inline(__always)
  private static func fetch(_ src: UnsafePointer<Float>, _ count: Int) {
    var x = 0
    while x < count {
      kernel_prefetch(src + x)
      x &+= 64 / MemoryLayout<Float>.size
    }
  }

  /// Each panel by its own runs.
  @inline(__always)
  private static func packPanels(_ a: PanelArguments) {
    var (src, dst) = (a.src, a.dst)
    for _ in 0..<a.channels {
      var segment = 0
      var ends = a.segment_ends
      for _ in 0..<a.taps {
        var row = dst
        for _ in 0..<a.panels {
          let end = Int(ends.pointee)
          packRow(a, segment..<end, src, row)
          segment = end
          ends += 1
          row += a.panel_stride
        }
        dst += a.row_stride
      }
      src += a.channel_stride
    }
  }

  /// Whole rows of `vectors` vectors, what lies outside the image masked away.
  @inline(__always)
  private static func packShifted(
    _ a: PanelArguments, _ shifts: UnsafePointer<PanelShift>, vectors: Int
  ) {
    var (src, dst) = (a.src, a.dst)
    for _ in 0..<a.channels {
      var index = 0
      for _ in 0..<a.taps {
        var row = dst
        for _ in 0..<a.panels {
          let shift = shifts[index]
          if shift.is_regular != 0 {
            let source = src + Int(shift.offset)
            for v in 0..<vectors {
              let x = v &* Vector.scalarCount
              kernel_prefetch(source + (a.ahead &+ x))
              storeVector(kept(loadVector(source + x), shift.inside >> UInt32(x)), row + x)
            }
          } else {
            packSingle(a, index, src, row)
          }
          index &+= 1
          row += a.panel_stride
        }
        dst += a.row_stride
      }
      src += a.channel_stride
    }
  }

  /// A row by its runs. Not inlined either.
  @inline(never)
  private static func packSingle(
    _ a: PanelArguments, _ index: Int, _ src: UnsafePointer<Float>,
    _ dst: UnsafeMutablePointer<Float>
  ) {
    let start = index == 0 ? 0 : Int(a.segment_ends[index - 1])
    packRow(a, start..<Int(a.segment_ends[index]), src, dst)
  }

  @inline(__always)
  private static func packRow(
    _ a: PanelArguments, _ segments: Range<Int>, _ src: UnsafePointer<Float>,
    _ dst: UnsafeMutablePointer<Float>
  ) {
    let isWhole = segments.count == 1 && Int(a.segments[3 &* segments.lowerBound &+ 2]) == a.width
    if !isWhole { clear(dst, a.width) }
    for s in segments {
      let target = dst + Int(a.segments[3 &* s])
      let source = src + Int(a.segments[3 &* s &+ 1])
      let count = Int(a.segments[3 &* s &+ 2])
      copy(source, a.step, target, count)
    }
  }

  /// `count` elements, `step` apart in `src`; nothing beyond the last one is read.
  @inline(__always)
  static func copy(
    _ src: UnsafePointer<Float>, _ step: Int, _ dst: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    switch step {
    case 1: copy(src, step: 1, dst, count)
    case 2: copy(src, step: 2, dst, count)
    default: for x in 0..<count { dst[x] = src[x &* step] }
    }
  }

  /// Zeros, in whole vectors.
  @inline(__always)
  private static func clear(_ dst: UnsafeMutablePointer<Float>, _ count: Int) {
    var x = 0
    while x < count {
      storeVector(Vector(repeating: 0), dst + x)
      x &+= Vector.scalarCount
    }
  }

  /// `count` elements, `step` (1 or 2) apart in `src`. The last vector overlaps the one before rather than
  /// leaving a rest; nothing beyond the last element is read.
  @inline(__always)
  private static func copy(
    _ src: UnsafePointer<Float>, step: Int, _ dst: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    if count >= Vector.scalarCount {
      let last = count &- Vector.scalarCount
      var x = 0
      while x < last {
        storeVector(elements(src + step &* x, step), dst + x)
        x &+= Vector.scalarCount
      }
      storeVector(elements(src + step &* last, step), dst + last)
    } else if count >= 8 {
      copyTwo(SIMD8<Float>.self, src, step, dst, count)
    } else if count >= 4 {
      copyTwo(SIMD4<Float>.self, src, step, dst, count)
    } else {
      for x in 0..<count { dst[x] = src[step &* x] }
    }
  }

  /// `count` elements as two vectors that may overlap.
  @inline(__always)
  private static func copyTwo<V: SIMDOfHalves>(
    _ type: V.Type, _ src: UnsafePointer<Float>, _ step: Int, _ dst: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    let last = count &- V.scalarCount
    let low: V = elements(src, step)
    let high: V = elements(src + step &* last, step)
    UnsafeMutableRawPointer(dst).storeBytes(of: low, as: type)
    UnsafeMutableRawPointer(dst + last).storeBytes(of: high, as: type)
  }

  /// `src[0], src[step], …`: of two steps, every other element of two vectors that share one.
  @inline(__always)
  private static func elements<V: SIMDOfHalves>(_ src: UnsafePointer<Float>, _ step: Int) -> V {
    let raw = UnsafeRawPointer(src)
    let low = raw.loadUnaligned(as: V.self)
    guard step == 2 else { return low }
    let offset = (V.scalarCount &- 1) &* MemoryLayout<Float>.size
    let high = raw.loadUnaligned(fromByteOffset: offset, as: V.self)
    return V(lowHalf: low.evenHalf, highHalf: high.oddHalf)
  }
}

/// What the standard library's vectors have in common, each for itself.
protocol SIMDOfHalves: SIMD {
  associatedtype Half
  init(lowHalf: Half, highHalf: Half)
  var evenHalf: Half { get }
  var oddHalf: Half { get }
}

extension SIMD4: SIMDOfHalves {}
extension SIMD8: SIMDOfHalves {}
extension SIMD16: SIMDOfHalves {}
