/// A phase of a convolution in a transform domain.
public enum ConvolutionPhase: Int, CaseIterable, Sendable {
  /// Turning the source into the layout that is transformed, and the result back.
  case reorder
  /// Input transform.
  case input
  /// Matrix products.
  case product
  /// Output transform, with bias and ReLU.
  case output
}

/// What a phase does at least in one call.
public struct PhaseWork: Hashable, Sendable {
  /// Data that the phase reads or writes.
  public struct Traffic: Hashable, Sendable {
    /// Bytes that move, all threads together.
    public let bytes: Double
    /// Bytes that are touched before the same data are touched again: they live in the level that holds
    /// as much.
    public let footprint: Int
    /// Bytes besides that all threads touch; each private cache holds them once more.
    public let shared: Int

    /// Creates traffic.
    public init(bytes: Double, footprint: Int, shared: Int = 0) {
      self.bytes = bytes
      self.footprint = footprint
      self.shared = shared
    }
  }

  /// Floating-point operations, all threads together.
  public var flops: Double
  /// Everything that moves.
  public var traffic: [Traffic]

  /// Creates work.
  public init(flops: Double = 0, traffic: [Traffic] = []) {
    self.flops = flops
    self.traffic = traffic
  }
}

/// A plan whose phases can be timed apart.
public protocol PhasedPlan: ConvolutionPlan {
  /// What each phase does in a call; a phase that the plan does not have is left out.
  var phases: [ConvolutionPhase: PhaseWork] { get }

  /// Computes `dst` from `src` as `execute` does, with the clock read around each phase of each block.
  ///
  /// - Returns: seconds that the threads spent in each phase, added up over the threads.
  func executePhased(
    src: UnsafePointer<Float>, dst: UnsafeMutablePointer<Float>
  ) -> [ConvolutionPhase: Double]
}
