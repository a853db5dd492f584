import CPlatform
import Foundation

/// How this executable was built, and from what.
public struct BuildDescription: Codable, Hashable, Sendable {
  /// Major and minor version of the Swift standard library, which is the compiler's.
  public var swiftVersion: String
  /// `release` or `debug`.
  public var configuration: String
  /// Flags that each kernel target is compiled with besides those of the configuration.
  public var swiftFlags: [String: String]
  /// The commit of the source tree that the executable lies in; nil if that is not known for sure.
  public var commit: String?
  /// Whether that tree has changes that are not committed; nil together with `commit`.
  public var isDirty: Bool?

  /// Whether the optimiser ran; a debug build must not be timed.
  public static var isOptimized: Bool {
    #if DEBUG
      false
    #else
      true
    #endif
  }

  /// This executable.
  public static let current: BuildDescription = {
    let version = "\(_SwiftStdlibVersion.current)".split(separator: ".").prefix(2)
    let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let revision = executable.flatMap(SourceRevision.init(executable:))
    return BuildDescription(
      swiftVersion: version.joined(separator: "."),
      configuration: isOptimized ? "release" : "debug",
      swiftFlags: flags(String(cString: platform_swift_flags())),
      commit: revision?.commit, isDirty: revision?.isDirty)
  }()

  /// `target flags;target flags` by target.
  static func flags(_ text: String) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: text.split(separator: ";").map { entry in
        let words = entry.split(separator: " ", maxSplits: 1).map(String.init)
        return (words[0], words.count > 1 ? words[1] : "")
      })
  }
}
