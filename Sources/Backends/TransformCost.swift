import Convolution
import Parallel

/// Estimated cycles of a transform-domain convolution, by which tiles and schedules are chosen.
///
/// Per core and cycle: 2·lanes multiply-adds, 10 bytes from L3, 4 from memory (measured on
/// two cores of an AMD EPYC at once), half a vector of transform work; 0.7 of all that is reached.
public struct TransformCost {
  let problem: ConvolutionProblem
  let lanes: Int
  let threads: Int
  let cache: CacheSizes
  /// Bytes of last-level cache that the weights may take.
  static let lastLevel = 24 << 20
  /// The part of its rates that a core reaches; it makes the estimate one that `ProductCost` can be
  /// compared with, and decides nothing between tiles.
  private static let attainment = 0.7

  /// Cycles of the busiest thread. Multiply-adds and the streaming of weights overlap; the rest adds up.
  public struct Terms: Hashable, Sendable {
    /// Input transform.
    public let input: Double
    /// Multiply-adds of the matrix products.
    public let product: Double
    /// Reading the transformed weights for them, from where they fit.
    public let weights: Double
    /// Spectra and sums on their way through the last level of cache.
    public let spectra: Double
    /// Output transform.
    public let output: Double

    /// All of them.
    public var cycles: Double { input + max(product, weights) + spectra + output }
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
    lanes = options.isa.kernels.lanes
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
      return [fused(work), staged(work)].map {
        TransformCandidate(
          shape: shape, estimate: $0, weightsBytes: Int(work.weightBytes) * problem.g,
          expectedError: expectedError(shape), refusal: refusal(shape))
      }
    }
  }

  /// What a shape makes of the problem.
  private struct Work {
    let planes: Int
    let tiles: Int
    /// Channels of a group in whole vectors.
    let channels: Int
    let outputs: Int
    /// Multiply-adds of one tile in all groups.
    let products: Double
    /// Bytes of a group's transformed weights.
    let weightBytes: Double
    let transforms: (input: Double, output: Double)

    init(_ shape: some TileShape, _ cost: TransformCost) {
      let (p, lanes) = (cost.problem, cost.lanes)
      planes = shape.planes
      tiles = TileGrid(p, tileHeight: shape.tileHeight, tileWidth: shape.tileWidth).count
      channels = (p.icPerGroup + lanes - 1) / lanes * lanes
      outputs = (p.ocPerGroup + lanes - 1) / lanes * lanes
      products = Double(p.g * planes * p.icPerGroup * outputs)
      weightBytes = Double(planes * p.icPerGroup * outputs * 4)
      let perFLOP = Double(tiles * p.g) / Double(lanes) / Double(cost.threads)
      transforms = (
        shape.flops.input * Double(channels) * perFLOP,
        shape.flops.output * Double(outputs) * perFLOP
      )
    }
  }

  private func terms(
    _ work: Work, product: Double, weights: Double, spectra: Double
  ) -> Terms {
    Terms(
      input: work.transforms.input / Self.attainment, product: product / Self.attainment,
      weights: weights / Self.attainment, spectra: spectra / Self.attainment,
      output: work.transforms.output / Self.attainment)
  }

  /// As many tiles as 5/8 of L2 hold, in evenly sized blocks.
  private func fused(_ work: Work) -> Estimate {
    let perTile = work.planes * (work.channels + 2 * lanes) * 4
    let most = min(64, cache.l2 * 5 / 8 / perTile, (work.tiles + threads - 1) / threads)
    guard most >= 1 else {
      return Estimate(
        schedule: .fused(tiles: 0), terms: nil,
        obstacle: "a tile's spectra take \(perTile >> 10) KiB, more than 5/8 of L2")
    }
    let blocks = (work.tiles + most - 1) / most
    let even = (blocks + threads - 1) / threads * threads
    let tiles = (work.tiles + even - 1) / even
    let turns = Double(((work.tiles + tiles - 1) / tiles * problem.g + threads - 1) / threads)
    let bandwidth = work.weightBytes <= Double(cache.l2) / 3 ? 32 : streaming(work.weightBytes)
    return Estimate(
      schedule: .fused(tiles: tiles),
      terms: terms(
        work,
        product: turns * work.products / Double(problem.g) * Double(max(tiles, 4))
          / Double(2 * lanes),
        weights: turns * work.weightBytes / bandwidth, spectra: 0),
      obstacle: nil)
  }

  /// Spectra and sums of all tiles, as far as half of the last level holds them.
  private func staged(_ work: Work) -> Estimate {
    let planeBytes = work.planes * (work.channels + work.outputs) * 4
    let tiles = min(work.tiles, max(14, Self.lastLevel / 2 / planeBytes))
    let blocks = Double((work.tiles + tiles - 1) / tiles)
    return Estimate(
      schedule: .staged(tiles: tiles),
      terms: terms(
        work,
        product: work.products * Double(max(work.tiles, 4)) / Double(2 * lanes) / Double(threads),
        weights: blocks * work.weightBytes * Double(problem.g) / streaming(work.weightBytes)
          / Double(threads),
        spectra: Double(work.tiles * problem.g * planeBytes * 2) / 10 / Double(threads)),
      obstacle: nil)
  }

  /// Bytes a cycle at which weights beyond L2 come.
  private func streaming(_ bytes: Double) -> Double {
    bytes <= Double(Self.lastLevel) ? 10 : 4
  }
}

extension InstructionSet {
  /// Floating-point operations of a core's cycle, as cost models count cycles: two vectors of
  /// multiply-adds.
  public var flopsPerCycle: Double { Double(4 * kernels.lanes) }
}
