import CFFTW
import Convolution

extension PlanningRigor {
  /// The name of the flag in FFTW's manual, `FFTW_MEASURE`.
  public var fftwName: String { "FFTW_" + rawValue.uppercased() }

  /// The flag.
  var fftwFlag: UInt32 {
    switch self {
    case .estimate: UInt32(FFTW_ESTIMATE)
    case .measure: UInt32(FFTW_MEASURE)
    case .patient: UInt32(FFTW_PATIENT)
    }
  }
}

extension ConvolutionBackend {
  /// Whether its plans may hold plans of FFTW.
  public var mayPlanByFFTW: Bool { self is FFTBackend || self is AutoBackend }
}
