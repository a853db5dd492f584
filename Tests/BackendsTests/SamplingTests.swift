import Convolution
import KernelInterface
import Testing

@testable import Backends

/// `pack_samples` by what KernelInterface.h says of it: every element that is to be written has its value, every
/// other one is as it was.
struct SamplingTests {
  /// One call: sizes as in `SampleArguments`.
  struct Shape: CustomStringConvertible {
    let lanes, channels, first, pixels, rowPixels, step, rowStride, planeStride: Int

    var description: String {
      "\(pixels) pixels from \(first) of \(channels)/\(lanes) channels, rows of \(rowPixels), every \(step), "
        + "rows \(rowStride), planes \(planeStride) apart"
    }

    func plain(_ pixel: Int, _ channel: Int) -> Int {
      let (row, column) = (first + pixel).quotientAndRemainder(dividingBy: rowPixels)
      return channel * planeStride + row * rowStride + column * step
    }
    /// Up to the last pixel that is read.
    var count: Int { plain(pixels - 1, channels - 1) + 1 }
  }

  /// Around every multiple of a vector and of a strip, rows shorter and longer than both.
  static func shapes(lanes: Int) -> [Shape] {
    let pixels = [1, 3, lanes - 1, lanes, lanes + 1, 63, 64, 65, 64 + lanes, 131]
    return pixels.flatMap { pixels in
      [1, 3, 7, lanes - 1, lanes, lanes + 1, 2 * lanes + 3, 70].flatMap { rowPixels in
        [1, lanes - 1, lanes].flatMap { channels in
          [(1, 0), (2, 0), (2, 5), (3, 1)].map { step, first in
            let rowStride = step * rowPixels + (step == 3 ? 7 : step - 1)
            let rows = (first + pixels) / rowPixels + 1
            return Shape(
              lanes: lanes, channels: channels, first: first, pixels: pixels, rowPixels: rowPixels,
              step: step, rowStride: rowStride, planeStride: rows * rowStride)
          }
        }
      }
    }
  }

  @Test(arguments: InstructionSet.available) func packing(_ isa: InstructionSet) throws {
    let kernels = isa.kernels
    for shape in Self.shapes(lanes: kernels.lanes) {
      // A source that ends with the last pixel, and one that goes on.
      for more in [0, 1, 2 * kernels.lanes] {
        #expect(try isRight(kernels.pack_samples, shape, more: more), "\(shape), \(more) more")
      }
    }
  }

  private func isRight(_ kernel: SampleFunction, _ shape: Shape, more: Int) throws -> Bool {
    let watch = BufferWatch()
    return try BufferWatch.$current.withValue(watch) {
      let src = try AlignedBuffer(count: shape.count + more)
      let dst = try AlignedBuffer(count: shape.pixels * shape.lanes + shape.lanes)
      for i in src.elements.indices { src.elements[i] = Float(i + 1) }
      dst.elements.update(repeating: -7)
      var wanted = Array(dst.elements)
      for pixel in 0..<shape.pixels {
        for lane in 0..<shape.lanes {
          wanted[pixel * shape.lanes + lane] =
            lane < shape.channels ? src.elements[shape.plain(pixel, lane)] : 0
        }
      }
      var arguments = SampleArguments(
        src: src.readOnly, dst: dst.baseAddress, first: shape.first, pixels: shape.pixels,
        row_pixels: shape.rowPixels, row_stride: shape.rowStride, step: shape.step,
        channels: shape.channels, plane_stride: shape.planeStride, readable: src.count,
        ahead: 2 * shape.rowStride)
      kernel(&arguments)
      return watch.damage == nil && dst.elements.elementsEqual(wanted)
    }
  }
}
