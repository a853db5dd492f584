import Convolution
import Parallel

/// In what order a transform-domain convolution does its work.
enum TransformSchedule: Hashable, Sendable {
  /// A thread takes a block of tiles through input transform, products and output transform; spectra
  /// never leave its L2, but the transformed weights pass by once a block.
  case fused(tiles: Int)
  /// All threads together transform `tiles` tiles, multiply plane by plane, transform back;
  /// transformed weights pass by once, spectra go through L3.
  case staged(tiles: Int)

  var tiles: Int {
    switch self {
    case .fused(let tiles), .staged(let tiles): tiles
    }
  }

  var name: String {
    switch self {
    case .fused: "fused"
    case .staged: "staged"
    }
  }
}

/// Estimated seconds-in-cycles of a transform-domain convolution, by which tiles and schedules are
/// chosen.
///
/// Per core and cycle: 32·lanes/16 multiply-adds, 8 bytes from L3, 4 from memory (both cores of the
/// machine in algorithms.md at once), half a vector of transform work.
struct TransformCost {
  let problem: ConvolutionProblem
  let lanes: Int
  let threads: Int
  let cache: CacheSizes
  /// Bytes of last-level cache that the weights may take.
  static let lastLevel = 24 << 20

  /// Floats of the fused schedule's spectra for one thread.
  static func fusedFloats(planes: Int, tiles: Int, channels: Int, lanes: Int) -> Int {
    planes * tiles * (channels + 2 * lanes)
  }

  /// The best schedule for a transform and its cost in cycles of the busiest thread.
  func best(planes: Int, tileHeight: Int, tileWidth: Int, transformFLOPs: (Double, Double))
    -> (TransformSchedule, Double)
  {
    let p = problem
    let grid = TileGrid(p, tileHeight: tileHeight, tileWidth: tileWidth)
    let channels = (p.icPerGroup + lanes - 1) / lanes * lanes
    let outputs = (p.ocPerGroup + lanes - 1) / lanes * lanes
    let products = Double(p.g * planes * p.icPerGroup * outputs)
    let perCycle = Double(2 * lanes)
    let weightBytes = Double(planes * p.icPerGroup * outputs * 4)
    let transforms =
      Double(grid.count * p.g)
      * (transformFLOPs.0 * Double(channels) + transformFLOPs.1 * Double(outputs))
      / Double(lanes) / Double(threads)
    let weightBandwidth =
      weightBytes <= Double(cache.l2) / 3
      ? 32.0 : weightBytes <= Double(Self.lastLevel) ? 10.0 : 4.0

    // Fused: as many tiles as half of L2 holds, in evenly sized blocks.
    var options: [(TransformSchedule, Double)] = []
    let perTile = planes * (channels + 2 * lanes) * 4
    let most = min(64, cache.l2 * 5 / 8 / perTile, (grid.count + threads - 1) / threads)
    if most >= 1 {
      let blocks = (grid.count + most - 1) / most
      let even = (blocks + threads - 1) / threads * threads
      let tiles = (grid.count + even - 1) / even
      let turns = Double(((grid.count + tiles - 1) / tiles * p.g + threads - 1) / threads)
      let compute = products / Double(p.g) * Double(max(tiles, 4)) / perCycle
      let stream = weightBytes / weightBandwidth
      options.append((.fused(tiles: tiles), turns * max(compute, stream) + transforms))
    }
    // Staged: spectra and sums of all tiles, as far as half of the last level holds.
    let stagedTiles = min(
      grid.count, max(14, Self.lastLevel / 2 / (planes * (channels + outputs) * 4)))
    let blocks = Double((grid.count + stagedTiles - 1) / stagedTiles)
    let compute = products * Double(max(grid.count, 4)) / perCycle / Double(threads)
    let stream =
      blocks * weightBytes * Double(p.g)
      / (weightBytes <= Double(Self.lastLevel) ? 10.0 : 4.0) / Double(threads)
    let spectra =
      Double(grid.count * p.g * planes * (channels + outputs) * 8) / 10 / Double(threads)
    options.append(
      (.staged(tiles: stagedTiles), max(compute, stream) + spectra + transforms))
    return options.min { $0.1 < $1.1 }!
  }
}
