import CFFTW
import Glibc

/// What FFTW has learnt by measuring, as text: processes that share it make the same plans.
public enum FFTWWisdom {
  /// What this process knows.
  public static func current() -> String {
    guard let text = fftwf_export_wisdom_to_string() else { return "" }
    defer { free(text) }
    return String(cString: text)
  }

  /// Adds to what this process knows. Another FFTW's wisdom is refused and changes nothing.
  @discardableResult
  public static func adopt(_ wisdom: String) -> Bool {
    fftwf_import_wisdom_from_string(wisdom) == 1
  }
}
