/// How hard FFTW looks for a fast transform when a plan is made.
public enum PlanningRigor: String, CaseIterable, Sendable {
  /// A guess, without measuring anything.
  case estimate
  /// The fastest of some, measured.
  case measure
  /// The fastest of many, measured; takes seconds where `measure` takes milliseconds.
  case patient
}
