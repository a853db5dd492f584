import Convolution
import Testing

@testable import Backends

/// Small work is not shared: a second thread would cost more than it saves.
@Suite struct ThreadLimitTests {
  private static func problem(mb: Int) -> ConvolutionProblem {
    try! ConvolutionProblem(mb: mb, ic: 4, ih: 10, iw: 10, oc: 8, kh: 3, kw: 3)
  }

  @Test(arguments: [
    (0, 8), (1, 8), (36_864, 1), (36_863, 1), (18_432, 2), (12_288, 3), (12_289, 2),
  ])
  func aThreadHasAtLeastItsPortion(portion: Double, threads: Int) {
    let p = Self.problem(mb: 1)
    #expect(p.flops == 36_864)
    var options = PlanOptions(isa: .generic, threads: 8, flopsPerThread: portion)
    #expect(options.limited(to: p).threads == threads)
    options.threads = 1
    #expect(options.limited(to: p).threads == 1)
  }

  /// Scratch memory that threads have of their own shows how many a plan is for.
  @Test func plansTakeTheThreadsThatTheWorkIsWorth() throws {
    var distinct: [String] = []
    for backend in BackendList.all {
      func workspace(_ threads: Int, _ portion: Double, mb: Int) throws -> Int {
        let options = PlanOptions(isa: .best, threads: threads, flopsPerThread: portion)
        return try backend.makePlan(Self.problem(mb: mb), options).workspaceBytes
      }
      guard (try? workspace(1, 0, mb: 1)) != nil else { continue }
      let portion = 30_000.0
      #expect(try workspace(2, portion, mb: 1) == workspace(1, 0, mb: 1), "\(backend.name)")
      #expect(try workspace(2, portion, mb: 2) == workspace(2, 0, mb: 2), "\(backend.name)")
      if try workspace(2, 0, mb: 1) != workspace(1, 0, mb: 1) { distinct.append(backend.name) }
    }
    #expect(Set(distinct).isSuperset(of: ["winograd", "fft", "im2col"]), "\(distinct)")
  }
}
