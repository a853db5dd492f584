import Glibc

/// The sign test: how surprising it is that so many of `n` values lie on one side of a limit, if
/// each side were as likely.
public enum SignTest {
  /// `P(Bin(trials, ½) ≥ successes)`, summed from its smallest term.
  public static func upperTail(successes: Int, trials: Int) -> Double {
    guard successes > 0 else { return 1 }
    guard successes <= trials else { return 0 }
    // Terms C(n, i)/2ⁿ through their logarithms: 2⁻ⁿ itself underflows beyond a thousand trials.
    var logTerm = -Double(trials) * log(2)
    var sum = 0.0
    for i in stride(from: trials, through: successes, by: -1) {
      sum += exp(logTerm)
      logTerm += log(Double(i)) - log(Double(trials - i + 1))
    }
    return min(1, sum)
  }

  /// The p-value of "the median of `values` is at most `limit`"; small when most lie above.
  public static func above(_ limit: Double, _ values: [Double]) -> Double {
    upperTail(successes: values.count { $0 > limit }, trials: values.count)
  }

  /// The p-value of "the median of `values` is at least `limit`"; small when most lie below.
  public static func below(_ limit: Double, _ values: [Double]) -> Double {
    upperTail(successes: values.count { $0 < limit }, trials: values.count)
  }
}
