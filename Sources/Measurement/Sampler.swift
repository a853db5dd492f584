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
///
/// Before a cold sample the caches are emptied, untimed. Each of its calls then has data of its own,
/// and so has the untimed call before them, which wakes the threads.
public struct Sampler {
  /// How the calls of cold samples find cold data.
  public struct Cold {
    /// Empties the caches.
    let evict: () -> Void
    /// The most calls of a sample.
    let mostCalls: Int
  }

  private let rules: SamplingRules
  private let clock: any TimeSource
  private let cold: Cold?
  private let isCancelled: () -> Bool

  /// Creates a sampler.
  ///
  /// - Parameters:
  ///   - cold: how samples are made cold; nil for warm ones.
  ///   - isCancelled: looked at between samples; true ends every case that is not done.
  public init(
    rules: SamplingRules, clock: any TimeSource = MonotonicClock(),
    cold: Cold? = nil, isCancelled: @escaping () -> Bool = { false }
  ) {
    self.rules = rules
    self.clock = clock
    self.cold = cold
    self.isCancelled = isCancelled
  }

  /// Samples `calls`, each of which runs its convolution once.
  ///
  /// - Parameters:
  ///   - spent: seconds that each case has used of its time-out before.
  ///   - copies: makes of the call with this index so many others, which do the same on data of their
  ///     own; asked for cold samples only. Nil when there can be none: the case then leaves without
  ///     `onEnd`, and whoever answers so says why.
  ///   - onProgress: after each round, the part done of all, 0…1, and the index in `calls` of the one
  ///     with the least mean so far.
  ///   - onEnd: called once for each case, when it leaves the rounds, with its index in `calls`.
  public func run(
    _ calls: [() -> Void], spent: [Double],
    copies: (_ index: Int, _ count: Int) -> [() -> Void]? = { _, _ in nil },
    onProgress: (Double, Int?) -> Void, onEnd: (Int, SampleSet) -> Void
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
      callSeconds: active.map { tracks[$0].callSeconds }, resolution: clock.resolution,
      most: cold?.mostCalls)
    for (index, count) in zip(active, counts) { tracks[index].calls = count }
    for index in active where cold != nil {
      if isCancelled() { break }
      if !spread(&tracks[index], { copies(index, $0) }) {
        active.removeAll { $0 == index }
      } else if isTimedOut(tracks[index]) {
        leave(index, .timedOut)
      }
    }

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
    /// The calls of a cold sample; empty if it is a single one of `call`.
    var copies: [() -> Void] = []
    /// Whether an untimed call precedes a sample.
    var isPrimed = false
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
    track.isPrimed =
      track.callSeconds
      < (cold == nil ? SamplingRules.primedCall : SamplingRules.primedColdCall)
    return nil
  }

  /// Gives each call of a cold sample data of its own; false when there is none.
  ///
  /// A single call so long that waking the threads does not count needs nothing but empty caches.
  private func spread(_ track: inout Track, _ copies: (Int) -> [() -> Void]?) -> Bool {
    guard track.isPrimed || track.calls > 1 else { return true }
    let start = clock.nanoseconds()
    guard let copies = copies(track.calls) else { return false }
    track.copies = copies
    track.spent += clock.seconds(since: start)
    return true
  }

  private func takeSample(_ track: inout Track) {
    cold?.evict()
    if track.isPrimed { track.spent += clock.time(track.call) }
    let (call, copies) = (track.call, track.copies)
    let repeats = copies.isEmpty ? track.calls : 0
    let start = clock.nanoseconds()
    for _ in 0..<repeats { call() }
    for copy in copies { copy() }
    let end = clock.nanoseconds()
    let seconds = Double(end - start) * 1e-9
    track.samples.append(seconds / Double(track.calls))
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
