import Convolution

extension ConvolutionBackend {
  /// Validates, then makes the plan for as many threads as the problem is worth; both kinds of failure
  /// become a `PlanError`.
  func planOrDecline(
    _ problem: ConvolutionProblem, _ options: PlanOptions,
    _ make: (PlanOptions) throws(AllocationError) -> any ConvolutionPlan
  ) throws(PlanError) -> any ConvolutionPlan {
    do { try validate(problem, options) } catch { throw .unsupported(error) }
    do { return try make(options.limited(to: problem)) } catch { throw .memory(error) }
  }
}
