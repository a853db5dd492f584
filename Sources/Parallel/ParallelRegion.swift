import Synchronization

/// Work in stages, shared by the calling thread and Dispatch blocks.
///
/// A stage is a number of items. Each thread owns a contiguous share of every stage's items (the
/// same share on every run, so data stays in its core's cache), takes them in order, and then helps
/// the others. The next stage starts when all items of the one before are done.
///
/// The wait between stages counts finished *items*, not arrived *threads*: Dispatch promises no
/// concurrency, and this finishes even if a single thread ends up running everything.
public final class ParallelRegion {
  /// Threads asked for.
  public let threads: Int
  private let stages: [Int]
  private let counters: UnsafeMutablePointer<Atomic<Int>>
  private let counterCount: Int
  /// Those of the run at hand; kept so that a run allocates nothing.
  private var helpers: [Helper] = []

  /// Counters are this many words apart, two cache lines: neighbours are prefetched in pairs.
  private static let spacing = 16

  /// Plans `stages[i]` items in stage `i` for `threads` ≥ 1 threads.
  public init(threads: Int, stages: [Int]) {
    self.threads = threads
    self.stages = stages
    counterCount = stages.count * (threads + 1) * Self.spacing
    counters = .allocate(capacity: max(counterCount, 1))
    for i in 0..<counterCount { (counters + i).initialize(to: Atomic(0)) }
    helpers.reserveCapacity(threads - 1)
  }

  deinit {
    counters.deinitialize(count: counterCount)
    counters.deallocate()
  }

  /// The items of `stage` that `thread` takes first.
  public func share(stage: Int, thread: Int) -> Range<Int> {
    let (size, rest) = stages[stage].quotientAndRemainder(dividingBy: threads)
    let start = thread * size + min(thread, rest)
    return start..<start + size + (thread < rest ? 1 : 0)
  }

  /// Runs `body(stage, item, thread)` once for every item; `thread` < `threads` never runs twice at
  /// a time, so it can index scratch memory.
  public func run(_ body: (_ stage: Int, _ item: Int, _ thread: Int) -> Void) {
    guard threads > 1 else {
      for stage in stages.indices {
        for item in 0..<stages[stage] { body(stage, item, 0) }
      }
      return
    }
    for stage in stages.indices {
      for thread in 0..<threads {
        counter(stage, thread).pointee.store(
          share(stage: stage, thread: thread).lowerBound, ordering: .relaxed)
      }
      counter(stage, threads).pointee.store(0, ordering: .relaxed)
    }
    withoutActuallyEscaping(body) { body in
      var run = Run(region: self, body: body)
      HelperPool.take(threads - 1, into: &helpers)
      let lingers = threads <= HelperPool.cores
      withUnsafePointer(to: &run) { run in
        for (index, helper) in helpers.enumerated() {
          helper.post(run, thread: index + 1, lingers: lingers)
        }
        Self.takePart(run, thread: 0)
        for helper in helpers { helper.withdraw() }
      }
      HelperPool.giveBack(&helpers)
    }
  }

  /// What the threads of a run share.
  struct Run {
    fileprivate let region: ParallelRegion
    fileprivate let body: (Int, Int, Int) -> Void
  }

  /// One thread's part. Not inlined: it holds no reference to the body any more when it returns.
  @inline(never)
  static func takePart(_ run: UnsafePointer<Run>, thread: Int) {
    run.pointee.region.participate(thread, run.pointee.body)
  }

  private func participate(_ thread: Int, _ body: (Int, Int, Int) -> Void) {
    for stage in stages.indices {
      for offset in 0..<threads {
        let owner = (thread + offset) % threads
        let end = share(stage: stage, thread: owner).upperBound
        let next = counter(stage, owner)
        var done = 0
        // A look before the claim keeps a finished share's counter from growing.
        while next.pointee.load(ordering: .relaxed) < end {
          let item = next.pointee.add(1, ordering: .relaxed).oldValue
          guard item < end else { break }
          body(stage, item, thread)
          done += 1
        }
        if done > 0 { counter(stage, threads).pointee.add(done, ordering: .releasing) }
      }
      if stage + 1 < stages.count { waitForItems(of: stage) }
    }
  }

  private func waitForItems(of stage: Int) {
    let finished = counter(stage, threads)
    var wait = SpinWait()
    while finished.pointee.load(ordering: .acquiring) < stages[stage] { wait.pause() }
  }

  private func counter(_ stage: Int, _ index: Int) -> UnsafeMutablePointer<Atomic<Int>> {
    counters + (stage * (threads + 1) + index) * Self.spacing
  }
}
