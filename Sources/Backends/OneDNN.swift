import COneDNN
import Convolution

/// The oneDNN library, if this process can use it.
public enum OneDNN {
  /// Why it cannot be used, and the cure; nil if it can.
  public static var obstacle: String? { onednn_obstacle().map { String(cString: $0) } }

  /// Its version, such as `2.6.3`; nil if it cannot be used.
  public static var version: String? {
    obstacle == nil ? String(cString: onednn_version()) : nil
  }
}

extension InstructionSet {
  /// oneDNN's instruction set that is nearest: for `generic` SSE4.1, the least that it compiles for.
  var onednn: onednn_isa {
    switch self {
    case .avx512: onednn_isa_avx512
    case .avx2: onednn_isa_avx2
    case .generic: onednn_isa_generic
    }
  }

  /// The instruction set that oneDNN uses in this process, fixed by whoever asks first.
  static func ofOneDNN(ifUndecided wanted: InstructionSet) -> InstructionSet {
    let inForce = onednn_fix_isa(wanted.onednn)
    return allCases.first { $0.onednn == inForce }!
  }
}
