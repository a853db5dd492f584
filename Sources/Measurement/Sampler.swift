import Convolution

/// Times several prepared calls of one problem, interleaved so that drift falls on all alike.
///
/// Each case is warmed up until its calls agree. Samples are then taken in rounds: every case that
/// is not done gives one sample a round, in an order shuffled anew. A case leaves when its own rule
/// says so (`SamplingRules.ending`), so a slow one does not hold the others back.
///
/// The neighbour in a round leaves its own data in the caches and the threads asleep, so a warm
/// sample of a call below 100 ms is preceded by one untimed call. Between the two clock readings
/// there are only the calls.
public struct Sampler {
  private let rules: SamplingRules
  private let clock: any TimeSource
  private let evict: () -> Void
  private let isCancelled: () -> Bool

  /// Creates a sampler.
  ///
  /// - Parameters:
  ///   - evict: empties the caches, called untimed before each sample when the rules say cold.
  ///   - isCancelled: looked at between samples; true ends every case that is not done.
  public init(
    rules: SamplingRules, clock: any TimeSource = MonotonicClock(),
    evict: @escaping () -> Void = {},
    isCancelled: @escaping () -> Bool = { false }
  ) {
    self.rules = rules
    self.clock = clock
    self.evict = evict
    self.isCancelled = isCancelled
  }

  /// Samples `calls`, each of which runs its convolution once.
  ///
  /// - Parameters:
  ///   - spent: seconds that each case has used of its time-out before.
  ///   - onProgress: after each round, the part done of all, 0…1, and the index in `calls` of the one
  ///     with the least mean so far.
  ///   - onEnd: called once for each case, when it leaves the rounds, with its index in `calls`.
  public func run(
    _ calls: [() -> Void], spent: [Double], onProgress: (Double, Int?) -> Void,
    onEnd: (Int, SampleSet) -> Void
  ) {
    var tracks = zip(calls, spent).map { Track(call: $0, spent: $1) }
    var active = Array(tracks.indices)

    func leave(_ index: Int, _ end: SamplingEnd) {
      active.removeAll { $0 == index }
      let track = tracks[index]
      onEnd(index, SampleSet(samples: track.samples, callsPerSample: track.calls, end: end))
    }

    for index in tracks.indices {
      if let end = warmUp(&tracks[index]) { leave(index, end) }
    }
    let counts = rules.callsPerSample(
      callSeconds: active.map { tracks[$0].callSeconds }, resolution: clock.resolution)
    for (index, count) in zip(active, counts) { tracks[index].calls = count }

    var random = SplitMix64(seed: rules.seed)
    while !active.isEmpty {
      for index in active.shuffled(using: &random) {
        guard !isCancelled() else {
          for index in active { leave(index, .cancelled) }
          return
        }
        takeSample(&tracks[index])
        if let end = ending(of: tracks[index]) { leave(index, end) }
      }
      let undone = active.reduce(0.0) {
        $0 + 1 - rules.progress(count: tracks[$1].samples.count, seconds: tracks[$1].sampled)
      }
      onProgress(1 - undone / Double(tracks.count), Self.leader(tracks))
    }
  }

  private struct Track {
    let call: () -> Void
    var callSeconds = 0.0
    var calls = 0
    var samples: [Double] = []
    var sampled = 0.0
    var spent: Double

    /// Mean seconds of a sampled call; there must be a sample.
    var meanCall: Double { sampled / Double(samples.count * calls) }

    init(call: @escaping () -> Void, spent: Double) {
      self.call = call
      self.spent = spent
    }
  }

  private static func leader(_ tracks: [Track]) -> Int? {
    tracks.indices.filter { !tracks[$0].samples.isEmpty }.min {
      tracks[$0].meanCall < tracks[$1].meanCall
    }
  }

  /// Calls until the last calls agree; sets the expected seconds of one call.
  private func warmUp(_ track: inout Track) -> SamplingEnd? {
    var last: [Double] = []
    var total = 0.0
    while true {
      if isCancelled() { return .cancelled }
      let seconds = clock.time(track.call)
      total += seconds
      track.spent += seconds
      last.append(seconds)
      if last.count > SamplingRules.leastWarmupCalls { last.removeFirst() }
      if isTimedOut(track) { return .timedOut }
      guard last.count == SamplingRules.leastWarmupCalls, total >= rules.warmup else { continue }
      let agree = last.max()! <= last.min()! * SamplingRules.agreement
      if agree || total >= rules.warmup * SamplingRules.warmupFactor { break }
    }
    track.callSeconds = last.sorted()[last.count / 2]
    return nil
  }

  private func takeSample(_ track: inout Track) {
    if rules.isCold {
      evict()
    } else if track.callSeconds < SamplingRules.primedCall {
      track.spent += clock.time(track.call)
    }
    let call = track.call
    let calls = track.calls
    let start = clock.nanoseconds()
    for _ in 0..<calls { call() }
    let end = clock.nanoseconds()
    let seconds = Double(end - start) * 1e-9
    track.samples.append(seconds / Double(calls))
    track.sampled += seconds
    track.spent += seconds
  }

  private func ending(of track: Track) -> SamplingEnd? {
    rules.ending(samples: track.samples, seconds: track.sampled)
      ?? (isTimedOut(track) ? .timedOut : nil)
  }

  private func isTimedOut(_ track: Track) -> Bool {
    rules.timeout.map { track.spent > $0 } ?? false
  }
}
