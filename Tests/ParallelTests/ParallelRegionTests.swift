import Dispatch
import Synchronization
import Testing

@testable import Parallel

struct ParallelRegionTests {
  @Test(arguments: [1, 2, 3, 5, 16], [[0], [1], [7], [100, 0, 3], [5, 64, 1, 33]])
  func runsEveryItemOnceAndStagesInOrder(_ threads: Int, _ stages: [Int]) {
    let region = ParallelRegion(threads: threads, stages: stages)
    for _ in 0..<50 {
      let log = Guarded<[(stage: Int, item: Int)]>([])
      region.run { stage, item, thread in
        #expect(thread < threads)
        log.withLock { $0.append((stage, item)) }
      }
      let entries = log.withLock { $0 }
      #expect(entries.map(\.stage) == entries.map(\.stage).sorted())
      for (stage, count) in stages.enumerated() {
        #expect(entries.filter { $0.stage == stage }.map(\.item).sorted() == Array(0..<count))
      }
    }
  }

  @Test func aThreadIndexIsNeverUsedTwiceAtATime() {
    let busy = Guarded<Set<Int>>([])
    ParallelRegion(threads: 4, stages: [200]).run { _, _, thread in
      busy.withLock { #expect($0.insert(thread).inserted) }
      busy.withLock { _ = $0.remove(thread) }
    }
  }

  @Test func sharesCoverTheItems() {
    let region = ParallelRegion(threads: 3, stages: [10])
    #expect((0..<3).map { region.share(stage: 0, thread: $0) } == [0..<4, 4..<7, 7..<10])
  }

  /// Helpers give up waiting about 200 µs after a run: runs that begin just before, at and after that
  /// moment find every item done once.
  @Test func runsBeginWhileHelpersGiveUp() {
    let region = ParallelRegion(threads: 2, stages: [8, 8])
    let done = (0..<16).map { _ in Counter() }
    for pause in stride(from: 0, to: 400_000, by: 400) {
      wait(nanoseconds: pause)
      region.run { stage, item, _ in done[stage * 8 + item].value.add(1, ordering: .relaxed) }
    }
    for counter in done { #expect(counter.value.load(ordering: .relaxed) == 1000) }
  }

  @Test func regionsRunAtTheSameTimeAndInsideEachOther() {
    let total = Counter()
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      for _ in 0..<100 {
        ParallelRegion(threads: 3, stages: [6]).run { _, _, _ in
          ParallelRegion(threads: 2, stages: [2, 2]).run { _, _, _ in
            total.value.add(1, ordering: .relaxed)
          }
        }
      }
    }
    #expect(total.value.load(ordering: .relaxed) == 6 * 100 * 6 * 4)
  }

  private final class Counter: Sendable {
    let value = Atomic(0)
  }

  private func wait(nanoseconds: Int) {
    let end = DispatchTime.now().uptimeNanoseconds + UInt64(nanoseconds)
    while DispatchTime.now().uptimeNanoseconds < end {}
  }
}
