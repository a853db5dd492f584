import Glibc

/// Float32 memory that starts on a cache line, zeroed; on a huge page when it is large.
///
/// Buffers of 1 MiB and more are aligned to 2 MiB and advised to use huge pages: streaming
/// transformed weights through 4 KiB pages cost up to 25 % in TLB misses.
public final class AlignedBuffer {
  /// The first element.
  public let baseAddress: UnsafeMutablePointer<Float>
  /// Elements.
  public let count: Int

  /// Bytes of the cache line to which every buffer is aligned.
  public static let alignment = 64
  private let allocation: UnsafeMutableRawPointer
  private static let hugePage = 2 << 20

  /// Allocates `count` elements, all zero.
  ///
  /// - Throws: `AllocationError` when the system has no such amount of memory.
  public init(count: Int) throws(AllocationError) {
    let (byteCount, overflow) = max(count, 1).multipliedReportingOverflow(by: 4)
    guard !overflow else { throw AllocationError(bytes: Int.max) }
    let isLarge = byteCount >= Self.hugePage / 2
    let alignment = isLarge ? Self.hugePage : Self.alignment
    let watch = BufferWatch.current
    let (before, after) =
      watch == nil ? (0, 0) : (max(alignment, BufferWatch.bytes), BufferWatch.bytes)
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, alignment, before + byteCount + after) == 0, let memory else {
      throw AllocationError(bytes: byteCount)
    }
    allocation = memory
    let start = memory + before
    if isLarge { madvise(start, byteCount, MADV_HUGEPAGE) }
    memset(start, 0, byteCount)
    self.count = count
    baseAddress = start.bindMemory(to: Float.self, capacity: max(count, 1))
    watch?.add(self)
  }

  deinit { free(allocation) }

  /// Bytes held.
  public var byteCount: Int { count * 4 }

  /// Every element, for reading and writing.
  public var elements: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: baseAddress, count: count)
  }

  /// The first element, read-only.
  public var readOnly: UnsafePointer<Float> { UnsafePointer(baseAddress) }
}

/// Memory that the system could not give.
public struct AllocationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Bytes asked for.
  public let bytes: Int

  /// Creates the error for a request of `bytes`.
  public init(bytes: Int) { self.bytes = bytes }

  /// One line with the amount.
  public var description: String {
    "cannot allocate \(bytes / (1 << 20)) MiB; use a smaller problem or batch"
  }
}
