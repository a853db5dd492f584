import Synchronization
import Testing

@testable import Parallel

struct ParallelRegionTests {
  @Test(arguments: [1, 2, 3, 5, 16], [[0], [1], [7], [100, 0, 3], [5, 64, 1, 33]])
  func runsEveryItemOnceAndStagesInOrder(_ threads: Int, _ stages: [Int]) {
    let region = ParallelRegion(threads: threads, stages: stages)
    for _ in 0..<50 {
      let log = Mutex<[(stage: Int, item: Int)]>([])
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
    let busy = Mutex<Set<Int>>([])
    ParallelRegion(threads: 4, stages: [200]).run { _, _, thread in
      busy.withLock { #expect($0.insert(thread).inserted) }
      busy.withLock { _ = $0.remove(thread) }
    }
  }

  @Test func sharesCoverTheItems() {
    let region = ParallelRegion(threads: 3, stages: [10])
    #expect((0..<3).map { region.share(stage: 0, thread: $0) } == [0..<4, 4..<7, 7..<10])
  }
}
