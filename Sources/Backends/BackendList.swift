import Convolution

/// Every backend, in the order in which reports list them.
public enum BackendList {
  /// The ordered list; a new backend is one more row.
  public static let all: [any ConvolutionBackend] = [
    ReferenceBackend(),
    DirectBackend(),
    Im2colBackend(),
    ImplicitGEMMBackend(),
    FFTBackend(),
    WinogradBackend(),
    GEMM1x1Backend(),
    AutoBackend(),
    OneDNNBackend(),
  ]

  /// The backend called `name`.
  public static func named(_ name: String) -> (any ConvolutionBackend)? {
    all.first { $0.name == name }
  }
}
