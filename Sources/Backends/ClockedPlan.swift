import Convolution

/// A plan that does the same work with and without a clock.
protocol ClockedPlan: PhasedPlan {
  /// Threads that read the clock.
  var threads: Int { get }

  /// Computes `dst` from `src`; each thread tells `clock`, if there is one, what it has just done.
  func run(_ src: UnsafePointer<Float>, _ dst: UnsafeMutablePointer<Float>, clock: PhaseClock?)
}

extension ClockedPlan {
  func execute(src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>) {
    run(src, dst, clock: nil)
  }

  func executePhased(
    src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>
  ) -> [ConvolutionPhase: Double] {
    let clock = PhaseClock(threads: threads)
    run(src, dst, clock: clock)
    return clock.finish(phases.keys)
  }
}
