import Convolution
import Foundation
import Testing

@testable import Backends

/// Every backend × problem × instruction set × layout × threads against the reference.
struct BackendTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let backend: any ConvolutionBackend
    let isa: InstructionSet
    var testDescription: String { "\(backend.name) on \(isa.rawValue)" }
  }

  static let cases: [Case] = {
    // oneDNN keeps to one instruction set a process, here to the best, whichever test comes first.
    if OneDNN.obstacle == nil { _ = InstructionSet.ofOneDNN(ifUndecided: .best) }
    return BackendList.all.flatMap { backend in
      InstructionSet.available.map { Case(backend: backend, isa: $0) }
    }
  }()

  /// One thread, an even share of the work, and more than there are cores or items of work.
  static let threads = [1, 2, 5]

  /// Variants to force: the backend's own choice and each that can be asked for.
  static func variants(_ backend: any ConvolutionBackend) -> [String?] {
    [nil] + backend.forcible.map { $0 }
  }

  /// A backend that stops taking problems must not pass by being skipped.
  @Test(arguments: cases) func takesWhatIsPromised(_ test: Case) throws {
    let promise = try #require(Promises.table[test.backend.name])
    let canRun = Promises.canRun(test.backend, test.isa)
    for problem in AdversarialProblems.all {
      for variant in Self.variants(test.backend) {
        for layout in LayoutRequest.allCases {
          let options = PlanOptions(isa: test.isa, threads: 2, layout: layout, variant: variant)
          guard let promised = promise(problem, options) else { continue }
          #expect(
            takes(test.backend, problem, options) == (promised && canRun), "\(problem) \(options)")
        }
      }
    }
  }

  /// Of how many combinations one is compared with the reference: every one, unless
  /// CONV_BENCH_TEST_STRIDE says otherwise. `scripts/sanitize thread` does, where all would take hours.
  static let stride =
    ProcessInfo.processInfo.environment["CONV_BENCH_TEST_STRIDE"].flatMap { Int($0) } ?? 1

  @Test(arguments: cases) func agreesWithReference(_ test: Case) throws {
    var combination = 0
    for (i, problem) in AdversarialProblems.all.enumerated() {
      for variant in Self.variants(test.backend) {
        for layout in LayoutRequest.allCases {
          // The backend's own choice meets every number of threads; forced variants take turns.
          let turn = (i + (layout == .native ? 1 : 0)) % Self.threads.count
          for threads in variant == nil ? Self.threads : [Self.threads[turn]] {
            // Bias and ReLU are spread over the problems.
            let options = PlanOptions(
              isa: test.isa, threads: threads, layout: layout, variant: variant,
              bias: i % 2 == 0, relu: i % 3 == 0)
            guard takes(test.backend, problem, options) else { continue }
            combination += 1
            guard combination % Self.stride == 0 else { continue }
            let verification = Verification(
              problem: problem, backend: test.backend, options: options)
            for data in [Verification.Data.integers, .normal] {
              let failure = try verification.failure(data)
              #expect(failure == nil, "\(problem) \(options) \(data)")
            }
          }
        }
      }
    }
  }

  @Test(arguments: cases) func threadsDoNotChangeTheResult(_ test: Case) throws {
    let problem = AdversarialProblems.all[12]
    for threads in [1, 2, 3, 5] {
      let options = PlanOptions(isa: test.isa, threads: threads, bias: true)
      guard takes(test.backend, problem, options) else { continue }
      let failure = try Verification(
        problem: problem, backend: test.backend, options: options
      ).failure(.integers)
      #expect(failure == nil, "\(threads) threads")
    }
  }

  private func takes(
    _ backend: any ConvolutionBackend, _ problem: ConvolutionProblem, _ options: PlanOptions
  ) -> Bool {
    do {
      try backend.validate(problem, options)
      return true
    } catch {
      #expect(!error.reason.isEmpty)
      return false
    }
  }
}
