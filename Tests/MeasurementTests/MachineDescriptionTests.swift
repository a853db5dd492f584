import Foundation
import Testing

@testable import Measurement

@Suite struct MachineDescriptionTests {
  static func machine() -> MachineDescription {
    MachineDescription(
      cpu: CPUDescription(cpuinfo: CPUDescriptionTests.epyc),
      instructionSets: ["avx512", "avx2", "generic"],
      cores: CoreBudget(cpus: [0, 1], affinityCores: 2, cgroupQuota: nil),
      caches: CacheHierarchy(l1d: 48 << 10, l2: 1 << 20, l3: 32 << 20, lastLevelSharedBy: 2),
      memory: MemoryBudget(total: 1 << 34, available: 1 << 33), kernel: "Linux 6.1.0 x86_64",
      governor: nil, loadAverage: [0.1, 0.2, 0.3], clockResolution: 2e-8,
      libraries: LibraryBuilds(
        openBLASConfiguration:
          "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Cooperlake MAX_THREADS=64",
        openBLASCore: "Cooperlake", fftwVersion: "fftw-3.3.10-sse2-avx",
        fftwPlanning: "FFTW_MEASURE",
        oneDNNVersion: nil, environment: [:]),
      build: BuildDescription(
        swiftVersion: "6.3", configuration: "release", swiftFlags: [:], commit: nil, isDirty: nil),
      commandLine: ["conv-bench"])
  }

  @Test func fingerprintNamesWhatMatters() {
    #expect(
      Self.machine().fingerprint
        == "AMD-EPYC-f26m2-avx512-2c-openblas0.3.21-Cooperlake-fftw3.3.10")
  }

  @Test func jsonRoundTrips() throws {
    let machine = MachineDescription.current()
    let data = try JSONEncoder().encode(machine)
    #expect(try JSONDecoder().decode(MachineDescription.self, from: data) == machine)
  }

  @Test func thisMachineIsDescribed() {
    let machine = MachineDescription.current()
    #expect(machine.cores.usableCores >= 1)
    #expect(machine.caches.l1d > 0 && machine.caches.l2 >= machine.caches.l1d)
    #expect(machine.memory.available > 0 && machine.memory.available <= machine.memory.total)
    #expect(machine.kernel.hasPrefix("Linux "))
    #expect(machine.instructionSets.last == "generic")
    #expect(machine.libraries.openBLASVersion.first?.isNumber == true)
    #expect(machine.libraries.fftwNumber.hasPrefix("3."))
    #expect(machine.libraries.fftwPlanning == "FFTW_MEASURE")
    #expect(machine.build.swiftFlags["KernelsGeneric"]?.contains("-Ounchecked") == true)
    #if arch(x86_64)
      #expect(machine.build.swiftFlags["KernelsAVX512"]?.contains("-march=x86-64-v4 ") == true)
    #endif
    #expect(machine.clockResolution > 0 && machine.clockResolution < 1e-3)
    #expect(machine.fingerprint.allSatisfy { $0.isASCII && $0 != " " && $0 != "," })
  }

  @Test func aQuietMachineHasNoWarnings() { #expect(Self.machine().warnings(threads: 2) == []) }

  struct Trouble: Sendable {
    let text: String
    let change: @Sendable (inout MachineDescription) -> Void
  }

  static let troubles = [
    Trouble(text: "load average 0.7 with 0 of 2") { $0.loadAverage = [0.7, 0, 0] },
    Trouble(text: "2 threads share 1 usable") { $0.cores.affinityCores = 1 },
    Trouble(text: "allows 1.5 CPUs of 2") { $0.cores.cgroupQuota = 1.5 },
    Trouble(text: "governor is powersave") { $0.governor = "powersave" },
    Trouble(text: "the clock's steps are 4.0 µs") { $0.clockResolution = 4e-6 },
    Trouble(text: "set OPENBLAS_CORETYPE=SkylakeX") { $0.libraries.openBLASCore = "Zen" },
    Trouble(text: "Haswell kernels, the CPU has more: unset OPENBLAS_CORETYPE") {
      $0.libraries.openBLASCore = "Haswell"
      $0.libraries.environment["OPENBLAS_CORETYPE"] = "Haswell"
    },
    Trouble(text: "OPENBLAS_L2_SIZE=512") { $0.libraries.environment["OPENBLAS_L2_SIZE"] = "512" },
  ]

  @Test(arguments: troubles) func eachTroubleIsNamed(trouble: Trouble) {
    var machine = Self.machine()
    trouble.change(&machine)
    #expect(machine.warnings(threads: 2).contains { $0.contains(trouble.text) })
  }

  @Test func aLesserOpenBLASCoreIsFineOnALesserCPU() {
    var machine = Self.machine()
    machine.instructionSets = ["avx2", "generic"]
    machine.libraries.openBLASCore = "Haswell"
    #expect(machine.warnings(threads: 2) == [])
    machine.libraries.openBLASCore = "Nehalem"
    #expect(machine.warnings(threads: 2).contains { $0.contains("OPENBLAS_CORETYPE=Haswell") })
  }
}

@Suite struct CPUDescriptionTests {
  static let epyc = """
    processor\t: 0
    vendor_id\t: AuthenticAMD
    cpu family\t: 26
    model\t\t: 2
    model name\t: AMD EPYC
    stepping\t: 1
    physical id\t: 0
    core id\t\t: 0
    flags\t\t: fpu sse2 fma avx2 avx512f bmi2

    processor\t: 1
    model name\t: AMD EPYC
    physical id\t: 0
    core id\t\t: 0

    processor\t: 2
    physical id\t: 0
    core id\t\t: 1
    """

  @Test func x86IsRead() {
    let cpu = CPUDescription(cpuinfo: Self.epyc)
    #expect(cpu.vendor == "AuthenticAMD")
    #expect(cpu.family == 26 && cpu.modelNumber == 2 && cpu.stepping == 1)
    #expect(cpu.vectorFeatures == ["sse2", "fma", "avx2", "avx512f"])
    #expect(cpu.logicalCPUs == 3)
    #expect(cpu.physicalCores == 2)
    #expect(cpu.sockets == 1 && cpu.threadsPerCore == 2)
  }

  @Test func socketsAreCounted() {
    let cpuinfo = (0..<4).map { cpu in
      "processor : \(cpu)\nphysical id : \(cpu / 2)\ncore id : \(cpu % 2)\n"
    }
    let cpu = CPUDescription(cpuinfo: cpuinfo.joined(separator: "\n"))
    #expect(cpu.sockets == 2 && cpu.physicalCores == 4 && cpu.threadsPerCore == 1)
  }

  @Test(arguments: [([0], "0"), ([0, 1], "0-1"), ([8, 0, 1, 2, 5], "0-2,5,8")])
  func cpusAreWrittenAsRanges(cpus: [Int], text: String) {
    #expect(CoreBudget(cpus: cpus, affinityCores: 1, cgroupQuota: nil).cpuRanges == text)
  }

  @Test func noiseIsLeftOutOfTheShortName() {
    let cpu = CPUDescription(
      cpuinfo: """
        processor : 0
        model name : Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz
        cpu family : 6
        model : 106
        """)
    #expect(cpu.shortName == "Intel-Xeon-Platinum-8370C-2.80GHz-f6m106")
  }

  @Test func nothingIsReadFromNothing() {
    let cpu = CPUDescription(cpuinfo: "")
    #expect(cpu.shortName == "unknown")
    #expect(cpu.physicalCores == 1 && cpu.logicalCPUs == 1)
    #expect(cpu.sockets == 1 && cpu.threadsPerCore == 1)
  }
}
