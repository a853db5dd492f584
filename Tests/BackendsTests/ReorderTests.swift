import Convolution
import KernelInterface
import Testing

@testable import Backends

/// `pack_channels` and `unpack_channels` by what KernelInterface.h says of them: every element that is
/// to be written has its value, every other one is as it was.
struct ReorderTests {
  /// One call: sizes as in `ReorderArguments`.
  struct Shape: CustomStringConvertible {
    let lanes, channels, pixels, rowPixels, rowGap, planeStride: Int

    var description: String {
      "\(pixels) pixels of \(channels)/\(lanes) channels, rows of \(rowPixels) + \(rowGap), "
        + "planes \(planeStride) apart"
    }

    /// Where a channel of a pixel lies, plain and blocked.
    func plain(_ pixel: Int, _ channel: Int) -> Int { channel * planeStride + pixel }
    func blocked(_ pixel: Int, _ channel: Int) -> Int {
      pixel * lanes + pixel / rowPixels * rowGap + channel
    }

    var plainCount: Int { plain(pixels - 1, channels - 1) + 1 }
    var blockedCount: Int { blocked(pixels - 1, lanes - 1) + 1 }

    var hasAlignedVectors: Bool {
      pixels.isMultiple(of: lanes) && planeStride.isMultiple(of: lanes)
    }
  }

  /// Around every multiple of a vector, a square and a cache line, and up to several rows.
  static func shapes(lanes: Int) -> [Shape] {
    let near = [8, 16, 64, 128, 192].flatMap { [$0 - 1, $0, $0 + 1] }
    let pixels = Set(1...2 * lanes + 1).union(near).union([200]).sorted()
    return pixels.flatMap { pixels in
      (1...lanes).flatMap { channels in
        [1, 3, lanes - 1, lanes, lanes + 1, 3 * lanes + 2, pixels].flatMap { rowPixels in
          [(0, 0), (2 * lanes, 5), (3, 1)].map { rowGap, planeGap in
            Shape(
              lanes: lanes, channels: channels, pixels: pixels, rowPixels: rowPixels,
              rowGap: rowGap, planeStride: pixels + planeGap)
          }
        }
      }
    }
  }

  /// Runs `kernel` from a buffer of distinct values to one of sentinels, both between walls; returns
  /// whether the result is what `expected` makes of both.
  private func agrees(
    _ kernel: ReorderFunction, _ shape: Shape, counts: (src: Int, dst: Int), streams: Bool = false,
    expected: (_ src: AlignedBuffer, _ dst: inout [Float]) -> Void
  ) throws -> Bool {
    let watch = BufferWatch()
    return try BufferWatch.$current.withValue(watch) {
      let src = try AlignedBuffer(count: counts.src)
      let dst = try AlignedBuffer(count: counts.dst)
      for i in src.elements.indices { src.elements[i] = Float(i + 1) }
      dst.elements.update(repeating: -7)
      var wanted = Array(dst.elements)
      expected(src, &wanted)
      var arguments = ReorderArguments(
        src: src.readOnly, dst: dst.baseAddress, pixels: shape.pixels, row_pixels: shape.rowPixels,
        row_gap: shape.rowGap, channels: shape.channels, plane_stride: shape.planeStride,
        ahead: shape.pixels % 2 == 0 ? 0 : 64, streams: streams ? 1 : 0)
      kernel(&arguments)
      return watch.damage == nil && dst.elements.elementsEqual(wanted)
        && src.elements.indices.allSatisfy { src.elements[$0] == Float($0 + 1) }
    }
  }

  @Test(arguments: InstructionSet.available) func packing(_ isa: InstructionSet) throws {
    let kernels = isa.kernels
    for shape in Self.shapes(lanes: kernels.lanes) {
      let isRight = try agrees(
        kernels.pack_channels, shape, counts: (shape.plainCount, shape.blockedCount)
      ) { src, dst in
        for pixel in 0..<shape.pixels {
          for lane in 0..<shape.lanes {
            dst[shape.blocked(pixel, lane)] =
              lane < shape.channels ? src.elements[shape.plain(pixel, lane)] : 0
          }
        }
      }
      #expect(isRight, "\(shape)")
    }
  }

  @Test(arguments: InstructionSet.available) func unpacking(_ isa: InstructionSet) throws {
    let kernels = isa.kernels
    // Unpacking knows no gaps: all pixels are one row.
    for shape in Self.shapes(lanes: kernels.lanes) where shape.rowPixels == shape.pixels {
      for streams in [false, true] where !streams || shape.hasAlignedVectors {
        let isRight = try agrees(
          kernels.unpack_channels, shape, counts: (shape.blockedCount, shape.plainCount),
          streams: streams
        ) { src, dst in
          for pixel in 0..<shape.pixels {
            for channel in 0..<shape.channels {
              dst[shape.plain(pixel, channel)] = src.elements[shape.blocked(pixel, channel)]
            }
          }
        }
        #expect(isRight, "\(shape)\(streams ? ", past the caches" : "")")
      }
    }
  }
}
