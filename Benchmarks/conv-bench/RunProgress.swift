import Measurement

/// How far a run is: the part done, and in words what is being done to which case.
struct RunProgress: Equatable {
  /// The cases of one problem within those of the whole run.
  struct Place: Equatable {
    /// Cases of the problems before.
    let first: Int
    /// Cases of this problem.
    let count: Int
    /// Cases of all problems.
    let total: Int
  }

  /// Checking comes first and takes about this part of what a problem's timing takes besides.
  private static let checkingShare = 0.25

  /// The part of the run that is done, 0…1.
  private(set) var fraction = 0.0
  /// `3/12 checking fft on vgg16-conv3_1`; empty before anything has begun.
  private(set) var label = ""
  private var layer = ""
  private let times: Bool

  /// The progress of a run that times its cases, or only checks them.
  init(times: Bool) { self.times = times }

  /// Follows an event as `take` does; false if there is nothing new to show.
  mutating func changes(with event: MeasurementEvent, at place: Place) -> Bool {
    let old = self
    take(event, at: place)
    return self != old
  }

  /// Follows an event of the measurement of the problem at `place`.
  mutating func take(_ event: MeasurementEvent, at place: Place) {
    switch event {
    case .began(let step, let benchmark, let index):
      layer = benchmark.layerName
      fraction = part(place, checked: Double(index) / Double(place.count), sampled: 0)
      label =
        "\(place.first + index + 1)/\(place.total) "
        + Self.words(step, benchmark.backendName) + " \(layer)"
    case .sampled(let sampled, let leader):
      fraction = part(place, checked: 1, sampled: sampled)
      let best = leader.map { ", best so far \($0.backendName)" } ?? ""
      label = "\(Self.range(place)) timing \(layer)\(best)"
    case .checked, .finished:
      break
    }
  }

  private static func words(_ step: MeasurementStep, _ backend: String) -> String {
    switch step {
    case .computingReference: "computing the reference of"
    case .preparing: "preparing \(backend) on"
    case .checking: "checking \(backend) on"
    case .timingPhases: "timing the phases of \(backend) on"
    }
  }

  /// All cases of a problem are timed together: `4–9/12`.
  private static func range(_ place: Place) -> String {
    let (first, last) = (place.first + 1, place.first + place.count)
    return "\(first == last ? "\(first)" : "\(first)–\(last)")/\(place.total)"
  }

  private func part(_ place: Place, checked: Double, sampled: Double) -> Double {
    let share = times ? Self.checkingShare : 1
    let ofProblem = share * checked + (1 - share) * sampled
    return (Double(place.first) + ofProblem * Double(place.count)) / Double(place.total)
  }
}
