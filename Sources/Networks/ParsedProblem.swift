import Convolution

/// A problem as a descriptor gives it: the shape, what it is called and how often it occurs.
public struct ParsedProblem: Hashable, Sendable {
  /// The shape, every optional field deduced.
  public let problem: ConvolutionProblem
  /// What stands in `n"…"` without its multiplicity; nil when there is none.
  public let name: String?
  /// Occurrences in the network: the `3` of `n"name*3"`, 1 when not said.
  public let multiplicity: Int

  /// Creates a named problem.
  public init(problem: ConvolutionProblem, name: String? = nil, multiplicity: Int = 1) {
    self.problem = problem
    self.name = name
    self.multiplicity = multiplicity
  }
}
