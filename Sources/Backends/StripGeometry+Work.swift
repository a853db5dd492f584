import Convolution
import WinogradAlgebra

extension StripGeometry {
  /// Operations and traffic of the phases. The output transform happens in registers, as a part of the products.
  ///
  /// - Parameters:
  ///   - threads: that share the bands of output rows; lines that two bands read are transformed twice.
  ///   - near: bytes of the transformed lines of all threads.
  func work(
    threads: Int, srcBytes: Int, dstBytes: Int, near: Int, weightsBytes: Int
  ) -> [ConvolutionPhase: PhaseWork] {
    let (p, bands) = (problem, bands(threads: threads))
    let (bt, at) = (
      StraightLineProgram(algorithm.bt).flops, StraightLineProgram(algorithm.at).flops
    )
    let images = Double(p.mb * p.g)
    let lines = images * Double(p.icPerGroup * bands.reduce(0) { $0 + self.lines($1).count })
    let stored = lines * Double(lineCount)
    let steps = (0..<p.oh).reduce(0) { $0 + taps(row: $1).count } * p.icPerGroup
    let outputs = images * Double(strips * channels)
    let everything = srcBytes + dstBytes + weightsBytes + near
    let spectra = PhaseWork.Traffic(bytes: stored * 4, footprint: near)
    let weights = Double(weightsBytes) * Double(p.mb * bands.count)
    return [
      .input: PhaseWork(
        flops: stored / Double(algorithm.alpha) * Double(bt),
        traffic: [.init(bytes: Double(srcBytes), footprint: everything), spectra]),
      .product: PhaseWork(
        flops: outputs
          * (2 * Double(steps * algorithm.alpha) + Double(p.oh * (at + algorithm.m))),
        traffic: [
          spectra, .init(bytes: weights, footprint: near, shared: weightsBytes),
          .init(bytes: Double(dstBytes), footprint: everything),
        ]),
    ]
  }
}
