import Convolution
import Glibc
import KernelInterface
import Parallel

/// Estimated cycles of a transform-domain convolution, by which tiles and schedules are chosen.
///
/// Per core and cycle: 2·lanes multiply-adds, 14 bytes of weights from L3, fewer when they fill it, 10.5
/// from memory. The constants were fitted to the times of all tiles and schedules, staged ones with blocks of
/// four sizes, for 26 layers of VGG-16, AlexNet and ResNet-50 with one and eight images on one and two cores
/// of an AMD EPYC (Zen 5, AVX-512, `native`), 1040 in all: what the model chooses among them takes 1.4 % more
/// than the best in the geometric mean, 17 % at worst. `fft` had three planes of weights for a frequency then, two now,
/// and tiles of two sizes came later.
public struct TransformCost {
  let problem: ConvolutionProblem
  let options: PlanOptions
  let kernels: KernelContext
  let lanes: Int
  let threads: Int
  let cache: CacheSizes
  /// Bytes of last-level cache that the weights may take.
  static let lastLevel = CacheSizes.current.l3 * 4 / 5
  /// The part of its multiply-adds that a core reaches.
  private static let attainment = 0.95
  /// Cycles to call a register tile, fill its sums and store them.
  private static let tileCall = 60.0
  /// Bytes a cycle of source and destination beyond L2: patches are many short streams.
  private static let patchRate = 3.0
  /// Cycles of a second piece of a row of tiles, of another size, for each vector of channels. Blocked: 650 to 1000 and
  /// 0 to 400 were measured on vgg16-conv5_1, alexnet-conv4 and googlenet-inception_5a_5x5. Transposed piece by piece,
  /// a few pixels at a time: 1500 and 600 on resnet50-conv2_3x3, 4300 and 3100 with 8 images on googlenet-conv2_3x3.
  private static let pieceCycles = (
    blocked: (input: 800.0, output: 200.0), transposed: (input: 4000.0, output: 3000.0)
  )
  /// Bytes of weights from memory for each cycle of waiting that multiply-adds do not hide.
  private static let exposure = 40.0
  /// Bytes a cycle of spectra and sums beyond L2.
  private static let spectraRate = 24.0
  /// How much longer they take beyond L3.
  private static let farSpectra = 2.0

  /// Cycles of the busiest thread. Weights stream while the first register tile of a column multiplies; the
  /// others pass over the same weights from L2. All else adds up.
  public struct Terms: Hashable, Sendable {
    /// Input transform, with the transposition of an NCHW source.
    public let input: Double
    /// Multiply-adds of the matrix products; also transforming kernels on the way, and waiting for weights that come
    /// from memory, which they hide only in part.
    public let product: Double
    /// The part of them that overlaps with reading weights: one of so many register tiles of a column.
    public let overlap: Double
    /// Reading the transformed weights for them, from where they fit.
    public let weights: Double
    /// Whether they take more than a quarter of the last level. alexnet-conv3 and conv5 (f5+4 rather than f5)
    /// 1.02 to 1.13 times as fast, resnet50-conv4_3x3 with 8 images (staged rather than fused) 1.10 and 1.16; for
    /// fewer weights choices were .95 to .99.
    public let isFar: Bool
    /// Spectra and sums on their way through the last level of cache.
    public let spectra: Double
    /// Output transform, with the transposition to NCHW.
    public let output: Double

    /// Waiting for weights that the multiply-adds do not hide: from afar, where one takes as long as the other, they
    /// hide most of it, but not all.
    public var waiting: Double {
      let hiding = product * overlap
      return isFar
        ? pow(pow(hiding, 6) + pow(weights, 6), 1 / 6) - hiding : max(0, weights - hiding)
    }
    /// All of them.
    public var cycles: Double { input + product + waiting + spectra + output }
  }

  /// A schedule and its cost.
  struct Estimate: Sendable {
    let schedule: TransformSchedule
    /// Nil for a schedule that is impossible.
    let terms: Terms?
    /// Why it is.
    let obstacle: String?
  }

  init(_ problem: ConvolutionProblem, _ options: PlanOptions) {
    self.problem = problem
    self.options = options
    kernels = options.isa.kernels
    lanes = kernels.lanes
    threads = options.threads
    cache = .current
  }

  /// Every schedule of every shape.
  ///
  /// - Parameter refusal: why a shape may not be chosen, whatever it costs.
  func candidates<Shape: TileShape>(
    _ shapes: [Shape], expectedError: (Shape) -> Double, refusal: (Shape) -> String?
  ) -> [TransformCandidate<Shape>] {
    shapes.flatMap { shape in
      let work = Work(shape, self)
      let raw = shape.kernelTransform.map { [staged(work, raw: $0)] } ?? []
      return ([fused(work), staged(work)] + raw).filter { options.allows($0.schedule) }.map {
        let kernels = $0.schedule.keepsKernels ? shape.kernelTransform : nil
        return
          TransformCandidate(
            shape: shape, name: shape.name, estimate: $0,
            weightsBytes: Int(work.weightBytes(raw: kernels)) * problem.g,
            expectedError: expectedError(shape), refusal: refusal(shape))
      }
    }
  }

  /// What a shape makes of the problem.
  private struct Work {
    let planes: Int
    /// What is dealt out in blocks, and its tiles.
    let units: Int
    let unitTiles: Int
    /// How many planes have how many tiles of a unit, in the mean.
    let products: [(planes: Int, tiles: Double)]
    /// Values of spectra, for each channel.
    let values: Double
    /// Vectors of channels of a group.
    let channels: Int
    let outputs: Int
    /// Multiply-adds of one tile and plane in one group.
    let perPlane: Double
    /// Bytes of a group's transformed weights.
    let weightBytes: Double
    /// The part of the products that reads weights which were not read before.
    let streaming: Double
    let transforms: (input: Double, output: Double)
    /// Second pieces of rows of tiles.
    let pieces: Double

    /// Bytes of a group's weights as they are kept.
    func weightBytes(raw kernels: KernelTransform?) -> Double {
      kernels.map { weightBytes * Double($0.taps) / Double(planes) } ?? weightBytes
    }

    init(_ shape: some TileShape, _ cost: TransformCost) {
      let (p, lanes) = (cost.problem, cost.lanes)
      planes = shape.planes
      let division = shape.division(of: p)
      (units, unitTiles) = (division.units, division.unitTiles)
      products = shape.planeCounts.map {
        let tiles = division.tiles(wideOnly: $0.wideOnly)
        return (planes: $0.count, tiles: Double(tiles) / Double(division.units))
      }
      values = products.reduce(0) { $0 + Double($1.planes) * $1.tiles } * Double(units)
      channels = cost.kernels.vectors(p.icPerGroup)
      outputs = cost.kernels.vectors(p.ocPerGroup)
      perPlane = Double(p.icPerGroup * outputs * lanes)
      streaming = Double(shape.weightPlanes) / Double(planes)
      weightBytes = Double(shape.weightPlanes * p.icPerGroup * outputs * lanes * 4)
      let isFar = max(p.srcCount, p.dstCount) * 4 > cost.cache.l2 / 2
      var transforms = (input: 0.0, output: 0.0)
      for (part, planes) in zip(division.parts, shape.planes(division)) {
        let blocks = Double(part.grid.count * p.g) / Double(cost.threads)
        let pixels = Double(part.grid.tileHeight * part.grid.tileWidth * lanes * 4)
        let moving = isFar ? pixels / TransformCost.patchRate : 0
        let cycles = shape.transformCycles(planes: planes)
        transforms.input += blocks * Double(channels) * (cycles.input + moving)
        transforms.output += blocks * Double(outputs) * (cycles.output + moving)
      }
      self.transforms = transforms
      pieces =
        Double((division.rowPieces - division.rows.count) * p.mb * p.g) / Double(cost.threads)
    }
  }

  /// Cycles to transform a vector of kernels on the way, for each plane: 2.7 to bring a line of L2 to L1 and back, and
  /// what products then wait for it. 3.5 to 4.3 were measured on vgg16-conv5_1 and conv4_2 by f4 to f6.
  private static let rawCycles = 4.0

  /// Cycles of transposing NCHW tensors: (source, destination).
  private func reordering(_ schedule: TransformSchedule) -> (src: Double, dst: Double) {
    guard options.layout == .nchw else { return (0, 0) }
    let rate = schedule.turnsImages(problem, lanes: lanes) ? 4.0 : 8
    let perFloat = 4 / rate / Double(threads)
    return (Double(problem.srcCount) * perFloat, Double(problem.dstCount) * perFloat)
  }

  /// - Parameters:
  ///   - turns: blocks of tiles that the busiest thread multiplies.
  ///   - units: those of a block.
  ///   - passes: how often it reads all weights of a group.
  private func terms(
    _ work: Work, _ schedule: TransformSchedule, turns: Double, units: Double, passes: Double,
    spectra: Double, raw: KernelTransform? = nil
  ) -> Terms {
    let reorder = reordering(schedule)
    let isBlocked = options.layout == .native || schedule.turnsImages(problem, lanes: lanes)
    let piece = isBlocked ? Self.pieceCycles.blocked : Self.pieceCycles.transposed
    let product = work.products.reduce(0.0) { sum, product in
      let tiles = units * product.tiles
      let calls =
        (tiles / Double(kernels.max_pixels(2))).rounded(.up) * Double((work.outputs + 1) / 2)
      return sum
        + Double(product.planes)
        * (work.perPlane * max(tiles, 4) / Double(2 * lanes) / Self.attainment
          + calls * Self.tileCall)
    }
    let tiles = units * Double(work.unitTiles)
    let weightBytes = work.weightBytes(raw: raw)
    let read = passes * weightBytes
    let isFar = weightBytes > Double(Self.lastLevel)
    let transforming =
      raw == nil
      ? 0 : passes * Double(problem.icPerGroup * work.outputs * work.planes) * Self.rawCycles
    let column = RegisterTiling(
      pixels: Int(tiles.rounded(.up)), vectors: work.outputs, kernels: kernels
    ).columns[0]
    let rate =
      weightBytes <= Double(cache.l2) / 3 ? 32 : Self.streaming(weightBytes, threads)
    return Terms(
      input: work.transforms.input + work.pieces * Double(work.channels) * piece.input
        + reorder.src,
      product: turns * product + transforming + (isFar ? read / Self.exposure : 0),
      overlap: work.streaming / Double(column.runs.reduce(0) { $0 + $1.tiles }),
      weights: read / rate, isFar: weightBytes > Double(cache.l3) / 4,
      spectra: spectra / Self.spectraRate,
      output: work.transforms.output + work.pieces * Double(work.outputs) * piece.output
        + reorder.dst)
  }

  /// As many tiles as 5/8 of L2 hold, in evenly sized blocks of whole units.
  private func fused(_ work: Work) -> Estimate {
    let perUnit = work.planes * (work.channels + 2) * lanes * 4 * work.unitTiles
    let most = min(
      max(1, 64 / work.unitTiles), cache.l2 * 5 / 8 / perUnit, (work.units + threads - 1) / threads)
    guard most >= 1 else {
      let what = work.unitTiles == 1 ? "a tile's spectra" : "spectra of a row of tiles"
      return Estimate(
        schedule: .fused(tiles: 0), terms: nil,
        obstacle: "\(what) take \(perUnit >> 10) KiB, more than 5/8 of L2")
    }
    let blocks = (work.units + most - 1) / most
    let even = (blocks + threads - 1) / threads * threads
    let units = (work.units + even - 1) / even
    let turns = Double(((work.units + units - 1) / units * problem.g + threads - 1) / threads)
    let schedule = TransformSchedule.fused(tiles: units * work.unitTiles)
    return Estimate(
      schedule: schedule,
      terms: terms(work, schedule, turns: turns, units: Double(units), passes: turns, spectra: 0),
      obstacle: nil)
  }

  /// As many tiles as leave spectra and sums in half of the last level, or several times as many where
  /// reading the weights more rarely is worth more.
  ///
  /// - Parameter kernels: what transforms the weights on the way; nil if that was done before.
  private func staged(_ work: Work, raw kernels: KernelTransform? = nil) -> Estimate {
    let vectors = work.channels + work.outputs
    let unitBytes = work.planes * vectors * lanes * 4 * work.unitTiles
    let least = (14 + work.unitTiles - 1) / work.unitTiles
    let near = max(least, Self.lastLevel / 2 / unitBytes)
    let fits = unitBytes <= max(Self.lastLevel / 2, 14 * unitBytes / work.unitTiles)
    let estimates = [1, 2, 4, 8].map { factor in
      staged(
        work, most: min(work.units, factor * near), isNear: fits && factor == 1, raw: kernels)
    }
    return estimates.min { $0.terms!.cycles < $1.terms!.cycles }!
  }

  /// Blocks of at most `most` units; a thread multiplies its part of the output channels.
  private func staged(
    _ work: Work, most: Int, isNear: Bool, raw kernels: KernelTransform?
  ) -> Estimate {
    let blocks = (work.units + most - 1) / most
    let share = Double(problem.g) / Double(threads)
    let tiles = most * work.unitTiles
    let schedule: TransformSchedule = kernels == nil ? .staged(tiles: tiles) : .raw(tiles: tiles)
    var spectra = work.values * Double((work.channels + work.outputs) * lanes * 4 * 2) * share
    if kernels != nil,
      work.values * Double(work.channels * lanes * 4) > Double(blocks * cache.l2) / 2
    {
      // Each column of outputs reads them again.
      spectra += work.values * Double(work.channels * work.outputs / 2 * lanes * 4) * share
    }
    return Estimate(
      schedule: schedule,
      terms: terms(
        work, schedule, turns: Double(blocks) * share, units: Double(work.units) / Double(blocks),
        passes: Double(blocks) * share, spectra: isNear ? spectra : Self.farSpectra * spectra,
        raw: kernels),
      obstacle: nil)
  }

  /// Bytes a cycle at which weights beyond L2 come to each thread.
  static func streaming(_ bytes: Double, _ threads: Int) -> Double {
    let room = 1 - bytes / Double(lastLevel)
    return room >= 0 ? 10.5 + 7 * min(room, 0.5) : min(10.5, 17 / Double(threads))
  }
}

extension InstructionSet {
  /// Floating-point operations of a core's cycle, as cost models count cycles: two vectors of
  /// multiply-adds.
  public var flopsPerCycle: Double { Double(4 * kernels.lanes) }
}
