import Convolution

extension ConvolutionProblem {
  /// The largest problem, in multiply-adds, whose outputs are all compared with the reference.
  static let largestFullCheck = 200_000_000
  /// The most outputs that are all compared: each takes 64 bytes (`referenceBytes`).
  static let largestFullCheckOutputs = 4 << 20
  /// Outputs of a sampled check.
  static let sampledOutputs = 8192

  /// Bytes of the checked positions and their reference on integers and on normal data.
  var referenceBytes: Int {
    let outputs = min(dstCount, Self.largestFullCheckOutputs)
    return outputs
      * (MemoryLayout<OutputPosition>.stride + 2 * MemoryLayout<ReferenceOutput>.stride)
  }

  /// The outputs to compare with the reference, sorted: all of them, or a seeded sample when that
  /// would take too long.
  public func checkedPositions(seed: UInt64) -> [OutputPosition] {
    let isSmall =
      multiplyAdds <= Self.largestFullCheck && dstCount <= Self.largestFullCheckOutputs
    return isSmall || dstCount <= Self.sampledOutputs
      ? ReferenceConvolution.allPositions(self) : sampledPositions(seed: seed)
  }

  /// `sampledOutputs` different outputs or more, sorted, chosen so that whatever treats a part of the
  /// output apart is seen:
  /// - the first and the last output of every image;
  /// - every pair of a row and a column among the 16 at each border: the four corners, with every
  ///   position of a tile of up to 16×16 there;
  /// - each of these rows (columns) at four random columns (rows): the borders between the corners;
  /// - channels in turn from the first and the last block of 16 of each group, and the first and last
  ///   of every block;
  /// - the rest at random.
  func sampledPositions(seed: UInt64) -> [OutputPosition] {
    var random = SplitMix64(seed: seed)
    let channels = telltaleChannels().shuffled(using: &random)
    var chosen: Set<OutputPosition> = []
    var turn = 0

    func choose(_ p: Int, _ q: Int) {
      let n = turn % 2 == 0 ? (turn / 2 % 2) * (mb - 1) : Int.random(in: 0..<mb, using: &random)
      chosen.insert(OutputPosition(n: n, k: channels[turn % channels.count], p: p, q: q))
      turn += 1
    }

    for n in 0..<mb {
      chosen.insert(OutputPosition(n: n, k: 0, p: 0, q: 0))
      chosen.insert(OutputPosition(n: n, k: oc - 1, p: oh - 1, q: ow - 1))
    }
    let rows = Self.borders(oh)
    let columns = Self.borders(ow)
    for p in rows { for q in columns { choose(p, q) } }
    for _ in 0..<4 {
      for p in rows { choose(p, Int.random(in: 0..<ow, using: &random)) }
      for q in columns { choose(Int.random(in: 0..<oh, using: &random), q) }
    }
    for _ in channels {
      choose(Int.random(in: 0..<oh, using: &random), Int.random(in: 0..<ow, using: &random))
    }
    while chosen.count < min(Self.sampledOutputs, dstCount) {
      chosen.insert(
        OutputPosition(
          n: .random(in: 0..<mb, using: &random), k: .random(in: 0..<oc, using: &random),
          p: .random(in: 0..<oh, using: &random), q: .random(in: 0..<ow, using: &random)))
    }
    return chosen.sorted { ($0.n, $0.k, $0.p, $0.q) < ($1.n, $1.k, $1.p, $1.q) }
  }

  /// The indices within 16 of either end of `0..<size`.
  private static func borders(_ size: Int) -> [Int] {
    (0..<size).filter { $0 < 16 || $0 >= size - 16 }
  }

  private func telltaleChannels() -> [Int] {
    (0..<oc).filter {
      let local = $0 % ocPerGroup
      let isInEndBlock = local < 16 || local >= (ocPerGroup - 1) / 16 * 16
      return isInEndBlock || local % 16 == 0 || local % 16 == 15
    }
  }
}
