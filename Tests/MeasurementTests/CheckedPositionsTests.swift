import Convolution
import Testing

@testable import Measurement

@Suite struct CheckedPositionsTests {
  /// 462 million multiply-adds, three images.
  static let large = try! ConvolutionProblem(
    mb: 3, g: 2, ic: 1024, ih: 41, iw: 53, oc: 100, kh: 3, kw: 3, ph: 1, pw: 1)

  @Test func smallProblemsAreCheckedWhole() throws {
    let problem = try ConvolutionProblem(ic: 3, ih: 8, iw: 8, oc: 4, kh: 3, kw: 3)
    #expect(problem.checkedPositions(seed: 1) == ReferenceConvolution.allPositions(problem))
  }

  @Test func largeProblemsAreSampled() {
    #expect(Self.large.multiplyAdds > ConvolutionProblem.largestFullCheck)
    let positions = Self.large.checkedPositions(seed: 1)
    #expect(positions.count >= 8192 && positions.count < 9000)
    #expect(Set(positions).count == positions.count)
    #expect(positions == Self.large.checkedPositions(seed: 1))
    #expect(positions != Self.large.checkedPositions(seed: 2))
  }

  @Test func everyImagesEndsAreThere() {
    let positions = Set(Self.large.checkedPositions(seed: 1))
    for n in 0..<3 {
      #expect(positions.contains(OutputPosition(n: n, k: 0, p: 0, q: 0)))
      #expect(positions.contains(OutputPosition(n: n, k: 99, p: 40, q: 52)))
    }
  }

  @Test func everyPositionOfBorderTilesIsThere() {
    let pixels = Set(Self.large.checkedPositions(seed: 1).map { [$0.p, $0.q] })
    for p in Array(0..<16) + Array(25..<41) {
      for q in Array(0..<16) + Array(37..<53) { #expect(pixels.contains([p, q])) }
    }
  }

  @Test func everyTilePositionIsThereInside() {
    let inside = Self.large.checkedPositions(seed: 1).filter {
      (16..<25).contains($0.p) && (16..<37).contains($0.q)
    }
    #expect(Set(inside.map { [$0.p % 6, $0.q % 6] }).count == 36)
    #expect(Set(inside.map(\.q)) == Set(16..<37))
  }

  @Test func endsOfChannelBlocksAreThereInEachGroup() {
    let channels = Set(Self.large.checkedPositions(seed: 1).map(\.k))
    for group in [0, 50] {
      for local in Array(0...16) + [31, 32, 47, 48, 49] {
        #expect(channels.contains(group + local))
      }
    }
  }

  @Test func endsOfAllChannelBlocksAreThereInSmallImages() throws {
    let problem = try ConvolutionProblem(
      ic: 512, ih: 7, iw: 7, oc: 2048, kh: 3, kw: 3, ph: 1, pw: 1)
    let channels = Set(problem.checkedPositions(seed: 1).map(\.k))
    for block in stride(from: 0, to: 2048, by: 16) {
      #expect(channels.contains(block) && channels.contains(block + 15))
    }
  }

  @Test func fewOutputsAreAllChecked() throws {
    // A fully connected layer: long sums, few of them.
    let problem = try ConvolutionProblem(mb: 8, ic: 100_000, ih: 1, iw: 1, oc: 1000, kh: 1, kw: 1)
    #expect(problem.checkedPositions(seed: 1).count == 8000)
  }
}
