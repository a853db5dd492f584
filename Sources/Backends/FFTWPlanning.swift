import CFFTW

/// How thoroughly FFTW looks for its plans: it times candidates, so plans may differ between processes.
public enum FFTWPlanning {
  static let flag = UInt32(FFTW_MEASURE)
  /// The name of the flag in FFTW's manual.
  public static let rigour = "FFTW_MEASURE"
}
