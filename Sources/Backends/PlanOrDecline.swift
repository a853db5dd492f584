import Convolution

extension ConvolutionBackend {
  /// Validates, then makes the plan; both kinds of failure become a `PlanError`.
  func planOrDecline(
    _ problem: ConvolutionProblem, _ options: PlanOptions,
    _ make: () throws(AllocationError) -> any ConvolutionPlan
  ) throws(PlanError) -> any ConvolutionPlan {
    do { try validate(problem, options) } catch { throw .unsupported(error) }
    do { return try make() } catch { throw .memory(error) }
  }
}
