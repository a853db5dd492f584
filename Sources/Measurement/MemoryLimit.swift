import Foundation

/// Makes allocations fail that the machine cannot back.
///
/// Linux grants more memory than there is and kills the process that then uses it. Under a limit an
/// allocation that is too large fails at once, so it can be reported as what it is.
package enum MemoryLimit {
  /// Runs `body`, in which this process may allocate `bytes` more than it has.
  ///
  /// The limit holds for the whole process; it is the resource limit of private writable memory,
  /// which is put back afterwards. Concurrent calls take turns: one would put back the other's limit.
  package static func allowing<Value, Failure: Error>(
    _ bytes: Int, _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    turn.lock()
    defer { turn.unlock() }
    var old = rlimit()
    guard getrlimit(resource, &old) == 0,
      let used = bytesInUse()
    else { return try body() }
    let (sum, overflow) = used.addingReportingOverflow(bytes)
    var new = old
    new.rlim_cur = min(old.rlim_cur, overflow ? .max : UInt(sum))
    setrlimit(resource, &new)
    defer { setrlimit(resource, &old) }
    return try body()
  }

  private static let turn = NSRecursiveLock()

  private static let resource = __rlimit_resource_t(RLIMIT_DATA.rawValue)

  /// Bytes of private writable memory, used or not.
  private static func bytesInUse() -> Int? {
    SystemText.fields(SystemText.read("/proc/self/status") ?? "")["VmData"]
      .flatMap { $0.split(separator: " ").first }.flatMap { Int($0) }.map { $0 << 10 }
  }
}
