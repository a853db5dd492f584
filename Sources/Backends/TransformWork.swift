import Convolution

/// The phases of a transform-domain convolution: their operations and the data that they move.
///
/// What a call touches once comes from the level that holds everything the call touches; spectra, sums
/// and streamed weights from the level that holds what is touched before they are needed again.
struct TransformWork {
  /// Tiles of one group, by size.
  struct Tiles {
    let count: Int
    let transform: any PatchTransform
    /// Planes that they have.
    let planes: Int
  }

  /// Kernels that are transformed while products wait for them.
  struct Kernels {
    /// Floating-point operations for one.
    let flops: Double
    /// Bytes of one when it is transformed.
    let bytes: Int
    /// Bytes of all that a thread has transformed at a time.
    let near: Int
  }

  let problem: ConvolutionProblem
  let tiles: [Tiles]
  /// Blocks into which they are divided.
  let blocks: Int
  let isFused: Bool
  /// Channels of a group's source and destination in whole vectors.
  let channels: Int
  let outputs: Int
  /// Bytes of the tensors as they are handed in.
  let srcBytes: Int
  let dstBytes: Int
  /// Bytes of their copies in the layout that is transformed; 0 where there are none.
  let turnedSrcBytes: Int
  let turnedDstBytes: Int
  let weightsBytes: Int
  /// Kernels that are transformed on the way; nil where that is done before.
  let kernels: Kernels?
  /// Bytes of spectra and of sums that exist at a time.
  let spectraBytes: Int
  let sumsBytes: Int

  private typealias Traffic = PhaseWork.Traffic

  var phases: [ConvolutionPhase: PhaseWork] {
    var phases: [ConvolutionPhase: PhaseWork] = [
      .input: PhaseWork(
        flops: perGroup { $0.transform.flops.input * Double(channels) },
        traffic: [source, spectra]),
      .product: PhaseWork(
        flops: perGroup { 2 * Double($0.planes * problem.icPerGroup * outputs) }
          + (kernels?.flops ?? 0) * kernelCount,
        traffic: [spectra, weights, sums] + transformed),
      .output: PhaseWork(
        flops: perGroup { $0.transform.flops.output * Double(outputs) },
        traffic: [sums, destination]),
    ]
    var reordered: [Traffic] = []
    if turnedSrcBytes > 0 { reordered += [once(srcBytes), source] }
    if turnedDstBytes > 0 { reordered += [destination, once(dstBytes)] }
    if !reordered.isEmpty { phases[.reorder] = PhaseWork(traffic: reordered) }
    return phases
  }

  /// All kernels, once for each block.
  private var kernelCount: Double { Double(blocks * problem.g * problem.icPerGroup * outputs) }

  /// Transformed on the way, they are written and read.
  private var transformed: [Traffic] {
    kernels.map { [Traffic(bytes: 2 * Double($0.bytes) * kernelCount, footprint: $0.near)] } ?? []
  }

  /// The sum over all tiles of all groups.
  private func perGroup(_ ofTile: (Tiles) -> Double) -> Double {
    tiles.reduce(0) { $0 + Double($1.count * problem.g) * ofTile($1) }
  }

  /// Everything that a call touches.
  private var everything: Int {
    srcBytes + dstBytes + turnedSrcBytes + turnedDstBytes + weightsBytes + near
  }

  private var near: Int { spectraBytes + sumsBytes }

  private func once(_ bytes: Int) -> Traffic {
    Traffic(bytes: Double(bytes), footprint: everything)
  }

  private var source: Traffic { once(turnedSrcBytes > 0 ? turnedSrcBytes : srcBytes) }
  private var destination: Traffic { once(turnedDstBytes > 0 ? turnedDstBytes : dstBytes) }

  /// Spectra, written or read; those of a fused block stay with their thread, those of a stage wait
  /// while the weights pass.
  private var spectra: Traffic { passing(channels) }
  private var sums: Traffic { passing(outputs) }

  private func passing(_ channels: Int) -> Traffic {
    Traffic(
      bytes: perGroup { 4 * Double($0.planes * channels) },
      footprint: isFused ? near : near + weightsBytes)
  }

  /// Fused, they pass once a block, on every thread; staged, once for all tiles of a stage.
  private var weights: Traffic {
    let bytes = Double(weightsBytes) * Double(blocks)
    if isFused { return Traffic(bytes: bytes, footprint: near, shared: weightsBytes) }
    return blocks > 1 ? Traffic(bytes: bytes, footprint: near + weightsBytes) : once(weightsBytes)
  }
}
