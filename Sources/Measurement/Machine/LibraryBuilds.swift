import Backends
import CFFTW
import COpenBLAS
import Convolution
import Foundation

/// The libraries that backends call, as they describe themselves at run time.
public struct LibraryBuilds: Codable, Hashable, Sendable {
  /// OpenBLAS's whole configuration.
  public var openBLASConfiguration: String
  /// The core whose kernels OpenBLAS runs.
  public var openBLASCore: String
  /// FFTW's version with its code generators.
  public var fftwVersion: String
  /// How thoroughly FFTW looks for its plans, by the name of its flag; a command that is told otherwise
  /// says so here.
  public var fftwPlanning: String
  /// oneDNN's version; nil where it is not installed.
  public var oneDNNVersion: String?
  /// Variables `OPENBLAS_*` and `OMP_*` of this process, which change what OpenBLAS does.
  public var environment: [String: String]

  /// The libraries of this process.
  public static let current = LibraryBuilds(
    openBLASConfiguration: String(cString: openblas_get_config())
      .trimmingCharacters(in: .whitespaces),
    openBLASCore: String(cString: openblas_get_corename()),
    fftwVersion: String(cString: fftwf_version_text()),
    fftwPlanning: PlanningRigor.measure.fftwName, oneDNNVersion: OneDNN.version,
    environment: ProcessInfo.processInfo.environment.filter {
      $0.key.hasPrefix("OPENBLAS_") || $0.key.hasPrefix("OMP_")
    })

  /// `0.3.21`; empty if the configuration does not say.
  public var openBLASVersion: String {
    openBLASConfiguration.split(separator: " ").first { $0.first?.isNumber == true }
      .map(String.init) ?? ""
  }

  /// `3.3.10` of `fftw-3.3.10-sse2-avx`.
  public var fftwNumber: String {
    fftwVersion.split(separator: "-").first { $0.first?.isNumber == true }.map(String.init) ?? ""
  }
}
