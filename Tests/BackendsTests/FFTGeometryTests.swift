import Convolution
import Testing

@testable import Backends

/// Sizes and frequencies of `fft`'s tiles.
struct FFTGeometryTests {
  /// Images, kernels and padding along an axis, padding before and after.
  private static let axes: [(image: Int, kernel: Int, before: Int, after: Int)] =
    [1, 2, 5, 7, 14, 16, 27, 33].flatMap { image in
      [1, 2, 3, 5, 31, 40].flatMap { kernel in
        [0, 1, 2, 15, 30].flatMap { before in
          [0, 1, 3, 20].compactMap { after in
            image + before + after >= kernel ? (image, kernel, before, after) : nil
          }
        }
      }
    }

  private static func problem(_ axis: (image: Int, kernel: Int, before: Int, after: Int)) throws
    -> ConvolutionProblem
  {
    try ConvolutionProblem(
      ic: 1, ih: axis.image, iw: 9, oc: 1, kh: axis.kernel, kw: 2, ph: axis.before, pw: 0,
      phr: axis.after)
  }

  /// Whether outputs of a circular sum over n points are those of the padded image.
  private static func holds(_ n: Int, _ p: ConvolutionProblem) -> Bool {
    func isImage(_ padded: Int) -> Bool { (p.ph..<p.ph + p.ih).contains(padded) }
    return n >= p.oh
      && (0..<p.oh + p.kh - 1).allSatisfy { read in
        read < n || !(isImage(read) || isImage(read % n))
      }
  }

  /// As few points as FFTW is fast at; zeros on both sides of the image may be the same ones.
  @Test func aWholeImageTakesTheFewestPoints() throws {
    for axis in Self.axes {
      let p = try Self.problem(axis)
      let least = (1...).first { Self.holds($0, p) }!
      let geometry = FFTGeometry(whole: p)
      #expect(FFTLength.candidates(least: least).map(\.points).contains(geometry.height), "\(p)")
      #expect((geometry.tileHeight, geometry.tileWidth) == (p.oh, p.ow))
    }
  }

  @Test func lengthsAreFastOnes() {
    let expected = [
      (1, [1, 4]), (7, [7, 8]), (13, [13, 16]), (17, [20, 20]), (21, [25, 24]), (29, [32, 32]),
      (33, [64, 36]), (57, [64, 60]), (65, [72]), (225, [240]),
    ]
    for (least, points) in expected {
      #expect(FFTLength.candidates(least: least).map(\.points) == points)
    }
  }

  /// Many channels are worth fewer points that take longer, few are not.
  @Test func productsAreWeighedAgainstTransforms() throws {
    let heights = try [16, 1024].map {
      FFTGeometry(
        whole: try ConvolutionProblem(ic: $0, ih: 56, iw: 56, oc: $0, kh: 3, kw: 3, ph: 1)
      ).height
    }
    #expect(heights == [64, 60])
  }

  @Test func everyFrequencyIsThereOnce() throws {
    for (ih, iw) in [(8, 8), (7, 7), (7, 8), (12, 9), (1, 5), (2, 2)] {
      let p = try ConvolutionProblem(ic: 1, ih: ih, iw: iw, oc: 1, kh: 1, kw: 1)
      let geometry = FFTGeometry(whole: p)
      let (h, w) = (geometry.height, geometry.width)
      #expect((h, w) == (ih, iw))
      let all = geometry.frequencies.map { Int($0) }
      #expect(all.sorted() == Array(0..<h * w))
      func negative(_ index: Int) -> Int { (h - index / w) % h * w + (w - index % w) % w }
      let (own, pairs) = (all.prefix(geometry.ownCount), all.dropFirst(geometry.ownCount))
      #expect(own.allSatisfy { negative($0) == $0 })
      #expect(pairs.count == 2 * geometry.pairCount)
      for i in stride(from: pairs.startIndex, to: pairs.endIndex, by: 2) {
        #expect(negative(pairs[i]) == pairs[i + 1] && pairs[i] != pairs[i + 1])
      }
      #expect(geometry.planes == geometry.ownCount + 3 * geometry.pairCount)
    }
  }

  /// Nothing of the size of such a tile is allocated to find that out.
  @Test func aTileOfTooManyPointsIsRefused() throws {
    let options = PlanOptions(isa: .best, threads: 1, layout: .native)
    let large = try ConvolutionProblem(ic: 1, ih: 30_000, iw: 300, oc: 1, kh: 3, kw: 3)
    let candidates = try FFTBackend().candidates(large, options)
    let refused = candidates.filter { $0.refusal?.hasPrefix("a tile of 30000x300 points") == true }
    #expect(refused.allSatisfy { $0.variant == "whole" } && !refused.isEmpty)
    #expect(candidates.first { $0.isChosen }?.variant != "whole")
    let kernel = try ConvolutionProblem(ic: 1, ih: 30_000, iw: 300, oc: 1, kh: 33, kw: 3)
    #expect(
      throws: Unsupported("a tile of 30000x300 points, more than the limit of 4194304")
    ) { try FFTBackend().validate(kernel, options) }
  }

  /// The whole image is no candidate of its own where a tile of as many points gives all of it.
  @Test func aWholeImageIsListedWhereItDiffers() throws {
    for (extent, isListed) in [
      (7, true), (14, true), (13, true), (15, true), (29, false), (30, false), (31, true),
    ] {
      let p = try ConvolutionProblem(ic: 16, ih: extent, iw: extent, oc: 16, kh: 3, kw: 3, ph: 1)
      let options = PlanOptions(isa: .best, threads: 1, layout: .native)
      let names = Set(try FFTBackend().candidates(p, options).map(\.variant))
      #expect(names.contains("whole") == isListed, "\(extent)")
      // Who asks for it gets it.
      let forced = PlanOptions(isa: .best, threads: 1, layout: .native, variant: "whole")
      #expect(try FFTBackend().makePlan(p, forced).variant.hasPrefix("whole "))
    }
  }
}
