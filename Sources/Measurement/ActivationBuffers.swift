import Convolution

/// One source and one destination for each layout: the plans of a problem share them, so that none
/// has better memory than another, and memory is needed only once.
final class ActivationBuffers {
  private var sources: [TensorDescription: AlignedBuffer] = [:]
  private var destinations: [TensorDescription: AlignedBuffer] = [:]

  /// The buffers that `plan` reads and writes.
  func buffers(
    for plan: any ConvolutionPlan
  ) throws(PlanError) -> (src: AlignedBuffer, dst: AlignedBuffer) {
    do {
      return (
        try Self.buffer(for: plan.src, in: &sources),
        try Self.buffer(for: plan.dst, in: &destinations)
      )
    } catch {
      throw .memory(error)
    }
  }

  private static func buffer(
    for description: TensorDescription, in known: inout [TensorDescription: AlignedBuffer]
  ) throws(AllocationError) -> AlignedBuffer {
    if let buffer = known[description] { return buffer }
    let buffer = try AlignedBuffer(count: description.count)
    known[description] = buffer
    return buffer
  }
}
