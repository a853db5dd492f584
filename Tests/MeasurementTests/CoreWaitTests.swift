import Testing

@testable import Measurement

@Suite struct CoreWaitTests {
  @Test func theThreadThatWaitedLongestCounts() throws {
    try withFiles(["task/10/schedstat": "5 1000000 3", "task/11/schedstat": "7 9000000 1\n"]) {
      let before = try #require(CoreWait.now(root: $0))
      // 12 is new, 11 has gone.
      try withFiles([
        "task/10/schedstat": "9 4000000 4", "task/12/schedstat": "1 2000000 1",
        "task/13/schedstat": "no numbers", "task/13/comm": "x",
      ]) {
        let after = try #require(CoreWait.now(root: $0))
        #expect(abs(after.longest(since: before) - 3e-3) < 1e-12)
        #expect(after.longest(since: after) == 0)
      }
    }
  }

  @Test func aSystemThatDoesNotTellIsNoWait() throws {
    try withFiles(["task/10/comm": "x"]) { #expect(CoreWait.now(root: $0) == nil) }
    #expect(CoreWait.now(root: "/nowhere") == nil)
  }

  @Test func thisProcessIsFound() throws {
    let before = try #require(CoreWait.now())
    #expect(try #require(CoreWait.now()).longest(since: before) >= 0)
  }
}
