import COpenBLAS

/// The OpenBLAS library that this process runs.
public enum OpenBLAS {
  /// Makes every call single-threaded: the partition is ours, and its idle workers would spin through
  /// whatever is timed next.
  static func useOneThread() { _ = once }

  private static let once: Void = openblas_set_num_threads(1)
}
