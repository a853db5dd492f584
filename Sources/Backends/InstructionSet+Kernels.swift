import CPlatform
import Convolution
import KernelInterface
import KernelsGeneric

#if arch(x86_64)
  import KernelsAVX2
  import KernelsAVX512
#endif

extension InstructionSet {
  /// Whether this CPU, under this operating system, runs these kernels.
  public var isAvailable: Bool {
    switch self {
    case .avx512: platform_has_avx512()
    case .avx2: platform_has_avx2()
    case .generic: true
    }
  }

  /// The instruction sets that can run here, best first.
  public static var available: [InstructionSet] { allCases.filter(\.isAvailable) }

  /// The best instruction set that can run here.
  public static var best: InstructionSet { available[0] }

  /// The kernels compiled for this instruction set, which must be available.
  public var kernels: KernelContext {
    precondition(isAvailable, "\(rawValue) does not run on this CPU")
    #if arch(x86_64)
      switch self {
      case .avx512: return KernelsAVX512.kernelContext()
      case .avx2: return KernelsAVX2.kernelContext()
      case .generic: return KernelsGeneric.kernelContext()
      }
    #else
      return KernelsGeneric.kernelContext()
    #endif
  }
}
