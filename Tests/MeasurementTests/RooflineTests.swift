import Convolution
import Testing

@testable import Measurement

@Suite struct RooflineTests {
  static let caches = CacheHierarchy(
    l1d: 48 << 10, l2: 1 << 20, l3: 32 << 20, lastLevelSharedBy: 2)

  /// 100 GFLOP/s; 400, 200, 50 and 20 GB/s.
  static let roofline = Roofline(
    peak: 100e9, caches: caches, threads: 2,
    bandwidths: [.l1: 400e9, .l2: 200e9, .l3: 50e9, .dram: 20e9])

  @Test(arguments: [
    (1e9, 1 << 20, Bound.compute),  // 10 ms against 5 µs
    (1e3, 1 << 20, .l2), (1e3, 2 << 20, .l2), (1e3, (2 << 20) + 1, .l3), (1e3, 32 << 20, .l3),
    (1e3, (32 << 20) + 1, .dram), (1e3, 64 << 10, .compute),
  ])
  func theLargerTimeBinds(flops: Double, bytes: Int, bound: Bound) {
    #expect(Self.roofline.limit(flops: flops, bytes: bytes).bound == bound)
  }

  @Test func theLimitIsTheLargerTime() {
    // 60 MB at 20 GB/s are 3 ms; 300 MFLOP at 100 GFLOP/s as well.
    #expect(Self.roofline.limit(flops: 299e6, bytes: 60_000_000).bound == .dram)
    #expect(abs(Self.roofline.limit(flops: 299e6, bytes: 60_000_000).seconds - 3e-3) < 1e-12)
    #expect(Self.roofline.limit(flops: 301e6, bytes: 60_000_000).bound == .compute)
  }

  /// Bytes that move, footprint, shared; what they cost and what binds.
  @Test(
    arguments: [
      ([(10e6, 20 << 20, 0)], 0, Bound.l3, 0.2e-3),
      ([(10e6, 20 << 20, 0), (1e6, 64 << 20, 0)], 0, .l3, 0.25e-3),
      ([(10e6, 20 << 20, 0), (8e6, 64 << 20, 0)], 0, .dram, 0.6e-3),
      ([(10e6, 20 << 20, 0)], 19e6, .l3, 0.2e-3), ([(10e6, 20 << 20, 0)], 21e6, .compute, 0.21e-3),
      // Two private megabytes hold a shared half megabyte twice, but not 1.2 MB.
      ([(10e6, 1 << 19, 1 << 19)], 0, .l2, 0.05e-3), ([(10e6, 1 << 19, 1_200_000)], 0, .l3, 0.2e-3),
      // The last level holds it once.
      ([(10e6, 1 << 20, 30 << 20)], 0, .l3, 0.2e-3),
      ([(10e6, 3 << 20, 30 << 20)], 0, .dram, 0.5e-3),
      ([(10e6, 64 << 10, 0)], 0, .compute, 0), ([], 1e6, .compute, 1e-5),
    ] as [([(Double, Int, Int)], Double, Bound, Double)])
  func aPhaseIsBoundByWhatTakesLongest(
    traffic: [(Double, Int, Int)], flops: Double, bound: Bound, seconds: Double
  ) {
    let limit = Self.roofline.limit(
      PhaseWork(
        flops: flops,
        traffic: traffic.map { .init(bytes: $0.0, footprint: $0.1, shared: $0.2) }))
    #expect(limit.bound == bound)
    #expect(abs(limit.seconds - seconds) < 1e-12)
  }

  @Test func capacitiesGrowWithThreads() {
    #expect(Self.caches.home(of: 3 << 19, threads: 1) == .l3)
    #expect(Self.caches.home(of: 3 << 19, threads: 2) == .l2)
    // Four threads of pairs that share 32 MiB have two such caches.
    #expect(Self.caches.home(of: 48 << 20, threads: 4) == .l3)
  }

  @Test func probesFitTheirLevelOnly() {
    for threads in [1, 2, 8] {
      for level in [MemoryLevel.l1, .l2, .l3] {
        let bytes = Self.caches.probeBytes(level, threads: threads)! * threads
        #expect(Self.caches.home(of: bytes, threads: threads) == level)
      }
      let dram = Self.caches.probeBytes(.dram, threads: threads)! * threads
      #expect(dram >= 3 * Self.caches.capacity(.l3, threads: threads)!)
    }
  }

  @Test func aMachineWithoutThirdLevel() {
    let small = CacheHierarchy(l1d: 32 << 10, l2: 1 << 20, l3: nil, lastLevelSharedBy: 4)
    #expect(small.probeBytes(.l3, threads: 1) == nil)
    #expect(small.home(of: 2 << 20, threads: 1) == .dram)
    #expect(small.lastLevel == 1 << 20)
  }

  @Test func sysfsIsRead() throws {
    let files = [
      "index0/level": "1\n", "index0/type": "Data\n", "index0/size": "48K\n",
      "index1/level": "1\n", "index1/type": "Instruction\n", "index1/size": "32K\n",
      "index2/level": "2\n", "index2/type": "Unified\n", "index2/size": "1024K\n",
      "index3/level": "3\n", "index3/type": "Unified\n", "index3/size": "32M\n",
      "index3/shared_cpu_list": "0-3,8\n",
    ]
    try withFiles(files) { root in
      #expect(
        CacheHierarchy(folder: root)
          == CacheHierarchy(l1d: 48 << 10, l2: 1 << 20, l3: 32 << 20, lastLevelSharedBy: 5))
    }
    #expect(CacheHierarchy(folder: "/nowhere") == nil)
  }
}
