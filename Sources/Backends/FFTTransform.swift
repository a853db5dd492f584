import CFFTW
import Convolution
import Glibc
import KernelInterface
import Synchronization

/// The transforms of one tile size: FFTW's complex 2-D transforms over pairs of channels.
///
/// A block of L channels is L/2 complex numbers a pixel as it lies, (even channel, odd channel), so
/// one interleaved complex transform (howmany L/2, stride L/2, distance 1) serves two real channels;
/// the kernels split and merge them. The factor `1/(2·points)` of both is in the weights.
final class FFTTransform: TileTransform, @unchecked Sendable {
  let geometry: FFTGeometry
  private let kh: Int
  private let kw: Int
  private let kernels: KernelContext
  private let forward: fftwf_plan
  private let backward: fftwf_plan
  private let frequencies: [Int32]
  private let table: UnsafeMutablePointer<Int32>
  private let rowWaves: Waves
  private let columnWaves: Waves

  /// cos and sin of 2π·i/n.
  private struct Waves {
    let cosines: [Double]
    let sines: [Double]

    init(_ n: Int) {
      cosines = (0..<n).map { cos(2 * .pi * Double($0) / Double(n)) }
      sines = (0..<n).map { sin(2 * .pi * Double($0) / Double(n)) }
    }
  }

  /// FFTW's planner is not thread-safe; executing its plans is.
  private static let planner = Mutex<Void>(())

  /// - Parameter problem: whose kernels are transformed.
  init(
    _ geometry: FFTGeometry, _ problem: ConvolutionProblem, kernels: KernelContext,
    rigor: PlanningRigor
  ) {
    self.geometry = geometry
    (kh, kw) = (problem.kh, problem.kw)
    self.kernels = kernels
    frequencies = geometry.frequencies
    table = .allocate(capacity: frequencies.count)
    table.initialize(from: frequencies, count: frequencies.count)
    rowWaves = Waves(geometry.width)
    columnWaves = Waves(geometry.height)
    (forward, backward) = Self.plans(geometry, pairs: kernels.lanes / 2, rigor)
  }

  deinit {
    table.deallocate()
    Self.planner.withLock { _ in
      fftwf_destroy_plan(forward)
      fftwf_destroy_plan(backward)
    }
  }

  private static func plans(
    _ geometry: FFTGeometry, pairs: Int, _ rigor: PlanningRigor
  ) -> (fftwf_plan, fftwf_plan) {
    planner.withLock { _ in
      let bytes = geometry.points * pairs * MemoryLayout<fftwf_complex>.stride
      let input = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      let output = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      defer {
        input.deallocate()
        output.deallocate()
      }
      var sizes = [Int32(geometry.height), Int32(geometry.width)]
      func plan(_ sign: Int32) -> fftwf_plan {
        fftwf_plan_many_dft(
          2, &sizes, Int32(pairs),
          input.assumingMemoryBound(to: fftwf_complex.self), nil, Int32(pairs), 1,
          output.assumingMemoryBound(to: fftwf_complex.self), nil, Int32(pairs), 1, sign,
          rigor.fftwFlag)
      }
      return (plan(FFTW_FORWARD), plan(FFTW_BACKWARD))
    }
  }

  var tileHeight: Int { geometry.tileHeight }
  var tileWidth: Int { geometry.tileWidth }
  var patchHeight: Int { geometry.height }
  var patchWidth: Int { geometry.width }
  var planes: Int { geometry.planes }
  var weightPlanes: Int { geometry.weightPlanes }
  var flops: (input: Double, output: Double) { geometry.flops }
  private var gridCount: Int { geometry.points * kernels.lanes }
  /// Two grids, and room to align them.
  var scratchCount: Int { 2 * gridCount + 16 }

  func input(_ arguments: inout TransformArguments, scratch: UnsafeMutablePointer<Float>) {
    let (pixels, grid) = grids(scratch)
    let rowElements = geometry.width * kernels.lanes
    for row in 0..<geometry.height {
      let patch = arguments.patch + row * arguments.patch_stride
      if arguments.fetches_next != 0 {
        for i in 0..<tileWidth { kernel_prefetch(patch + rowElements + i * kernels.lanes) }
      }
      memcpy(pixels + row * rowElements, patch, rowElements * 4)
    }
    fftwf_execute_dft(forward, complex(pixels), complex(grid))
    var spectrum = spectrumArguments(grid, arguments)
    kernels.split_spectrum(&spectrum)
  }

  func output(_ arguments: inout TransformArguments, scratch: UnsafeMutablePointer<Float>) {
    let (pixels, grid) = grids(scratch)
    var spectrum = spectrumArguments(grid, arguments)
    kernels.merge_spectrum(&spectrum)
    fftwf_execute_dft(backward, complex(grid), complex(pixels))
    var copy = PixelArguments(
      src: pixels, src_stride: geometry.width * kernels.lanes, dst: arguments.patch,
      dst_stride: arguments.patch_stride, rows: tileHeight, columns: tileWidth,
      bias: arguments.bias, channels: arguments.channels, relu: arguments.relu,
      streams: arguments.streams)
    kernels.copy_pixels(&copy)
  }

  private func spectrumArguments(
    _ grid: UnsafeMutablePointer<Float>, _ arguments: TransformArguments
  ) -> SpectrumArguments {
    SpectrumArguments(
      grid: grid, frequencies: table, self_count: geometry.ownCount, pair_count: geometry.pairCount,
      spectrum: arguments.spectrum, xi_stride: arguments.xi_stride, streams: arguments.streams)
  }

  /// Two grids on cache lines, as FFTW's plans were made for.
  private func grids(
    _ scratch: UnsafeMutablePointer<Float>
  ) -> (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) {
    let aligned = UnsafeMutableRawPointer(scratch).alignedUp(toMultipleOf: 64)
      .assumingMemoryBound(to: Float.self)
    return (aligned, aligned + gridCount)
  }

  private func complex(_ grid: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<fftwf_complex> {
    UnsafeMutableRawPointer(grid).assumingMemoryBound(to: fftwf_complex.self)
  }

  func weights(ofPlane plane: Int) -> PlaneWeights {
    let own = geometry.ownCount
    guard plane >= own else { return PlaneWeights(plane: plane) }
    let (pair, product) = (plane - own).quotientAndRemainder(dividingBy: 3)
    return PlaneWeights(plane: own + 2 * pair + product % 2, isSum: product == 2)
  }

  /// `conj(FFT(kernel)) / (2·points)` in float64: Wr, Wi.
  func weights(
    _ kernel: UnsafePointer<Float>, to spectrum: UnsafeMutablePointer<Float>
  ) {
    let g = geometry
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * kh * g.width) { rows in
      // Each kernel row along x, then each frequency along y; e^{+2πi…} is the conjugate.
      for r in 0..<kh {
        for fx in 0..<g.width {
          var (real, imaginary) = (0.0, 0.0)
          for s in 0..<kw {
            let value = Double(kernel[r * kw + s])
            real += value * rowWaves.cosines[fx * s % g.width]
            imaginary += value * rowWaves.sines[fx * s % g.width]
          }
          rows[2 * (r * g.width + fx)] = real
          rows[2 * (r * g.width + fx) + 1] = imaginary
        }
      }
      func value(_ frequency: Int32) -> (Double, Double) {
        let (fy, fx) = Int(frequency).quotientAndRemainder(dividingBy: g.width)
        var (real, imaginary) = (0.0, 0.0)
        for r in 0..<kh {
          let place = fy * r % g.height
          let (c, s) = (columnWaves.cosines[place], columnWaves.sines[place])
          let (a, b) = (rows[2 * (r * g.width + fx)], rows[2 * (r * g.width + fx) + 1])
          real += a * c - b * s
          imaginary += a * s + b * c
        }
        let scale = 1 / Double(2 * g.points)
        return (real * scale, imaginary * scale)
      }
      let own = g.ownCount
      for i in 0..<own { spectrum[i] = Float(value(frequencies[i]).0) }
      for i in 0..<g.pairCount {
        let (real, imaginary) = value(frequencies[own + 2 * i])
        spectrum[own + 2 * i] = Float(real)
        spectrum[own + 2 * i + 1] = Float(imaginary)
      }
    }
  }
}
