import Backends
import Convolution
import Measurement
import Testing

@testable import conv_bench

@Suite struct RunProgressTests {
  private func benchmark(_ backend: String, variant: String? = nil) throws -> BenchmarkCase {
    BenchmarkCase(
      network: "vgg16", layer: "conv3_1",
      problem: try ConvolutionProblem(ic: 1, ih: 4, iw: 4, oc: 1, kh: 3, kw: 3),
      backend: try #require(BackendList.named(backend)),
      options: PlanOptions(isa: .generic, threads: 1, variant: variant))
  }

  /// The second problem of a run: cases 3 to 6 of 10.
  private let place = RunProgress.Place(first: 2, count: 4, total: 10)

  @Test(arguments: [
    (MeasurementStep.computingReference, "5/10 computing the reference of vgg16-conv3_1"),
    (.preparing, "5/10 preparing winograd-f4 on vgg16-conv3_1"),
    (.checking, "5/10 checking winograd-f4 on vgg16-conv3_1"),
    (.timingPhases, "5/10 timing the phases of winograd-f4 on vgg16-conv3_1"),
  ])
  func theStepOfACaseIsNamedWithItsNumber(step: MeasurementStep, label: String) throws {
    var progress = RunProgress(times: true)
    progress.take(.began(step, try benchmark("winograd", variant: "f4"), index: 2), at: place)
    #expect(progress.label == label)
  }

  @Test func timingNamesAllItsCasesAndTheBest() throws {
    var progress = RunProgress(times: true)
    progress.take(.began(.checking, try benchmark("fft"), index: 3), at: place)
    progress.take(.sampled(fraction: 0, leader: nil), at: place)
    #expect(progress.label == "3–6/10 timing vgg16-conv3_1")
    progress.take(.sampled(fraction: 0.5, leader: try benchmark("fft")), at: place)
    #expect(progress.label == "3–6/10 timing vgg16-conv3_1, best so far fft")
    progress.take(
      .sampled(fraction: 1, leader: nil), at: RunProgress.Place(first: 0, count: 1, total: 1))
    #expect(progress.label == "1/1 timing vgg16-conv3_1")
  }

  @Test func thePartDoneOnlyGrows() throws {
    for times in [true, false] {
      var progress = RunProgress(times: times)
      var parts: [Double] = []
      func take(_ event: MeasurementEvent) {
        progress.take(event, at: place)
        parts.append(progress.fraction)
      }
      for index in 0..<4 { take(.began(.preparing, try benchmark("fft"), index: index)) }
      if times {
        for fraction in [0, 0.5, 1] { take(.sampled(fraction: fraction, leader: nil)) }
        #expect(parts[3] < 0.3, "most of the time goes into timing")
        #expect(abs(parts.last! - 0.6) < 1e-12)
      }
      #expect(abs(parts[0] - 0.2) < 1e-12)
      #expect(parts == parts.sorted() && Set(parts).count > 3)
    }
  }
}
