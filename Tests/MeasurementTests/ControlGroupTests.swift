import Testing

@testable import Measurement

@Suite struct ControlGroupTests {
  @Test func version2TakesTheTightestParent() throws {
    let files = [
      "cpu.max": "max 100000\n", "a/cpu.max": "150000 100000\n", "a/b/cpu.max": "400000 100000\n",
      "a/memory.max": "1000\n", "a/memory.current": "700\n",
      "a/memory.stat": "anon 100\ninactive_file 200\n", "a/b/memory.max": "max\n",
    ]
    try withFiles(files) { root in
      let group = ControlGroup(root: root, membership: "0::/a/b\n")
      #expect(group.cpuQuota == 1.5)
      #expect(group.availableMemory == 500)
      #expect(ControlGroup(root: root, membership: "0::/").cpuQuota == nil)
    }
  }

  @Test func version1() throws {
    let files = [
      "cpu,cpuacct/x/cpu.cfs_quota_us": "50000\n", "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
      "cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "memory/x/memory.limit_in_bytes": "9223372036854771712\n",
      "memory/x/memory.usage_in_bytes": "5\n",
    ]
    try withFiles(files) { root in
      let group = ControlGroup(root: root, membership: "3:cpu,cpuacct:/x\n2:memory:/x\n")
      #expect(group.cpuQuota == 0.5)
      #expect(group.availableMemory == nil)
    }
  }

  @Test func aQuotaIsRoundedDown() {
    func usable(_ quota: Double?) -> Int {
      CoreBudget(cpus: [0, 1, 2, 3], affinityCores: 4, cgroupQuota: quota).usableCores
    }
    #expect(usable(nil) == 4)
    #expect(usable(2.5) == 2)
    #expect(usable(0.5) == 1)
    #expect(usable(64) == 4)
  }
}
