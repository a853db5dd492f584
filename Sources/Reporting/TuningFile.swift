import Backends
import Convolution
import Foundation
import Measurement
import Networks

/// What `tune` measured, for as many machines as share the file.
///
/// One JSON document, sorted, a line for each backend of an entry, so that it can be committed and
/// read in a diff. An entry is what one run measured side by side; measuring again replaces it whole.
public struct TuningFile: Hashable, Sendable {
  /// The version of the format that this build reads and writes.
  public static let currentSchema = 1

  /// One problem under one set of conditions, and everything that was measured of it.
  public struct Entry: Hashable, Sendable {
    /// Problem, instruction set, layout and threads.
    public var key: TuningTable.Key
    /// When it was measured, ISO 8601 in UTC.
    public var date: String
    /// Backends and variants, fastest first.
    public var ranking: [Row]

    /// Creates an entry; its ranking is sorted.
    public init(key: TuningTable.Key, date: String, ranking: [Row]) {
      self.key = key
      self.date = date
      self.ranking = ranking.sorted { ($0.seconds, $0.backend) < ($1.seconds, $1.backend) }
    }
  }

  /// A backend, or one of its variants, in an entry.
  public struct Row: Hashable, Sendable {
    /// `direct`, `winograd-f4`.
    public var backend: String
    /// Median time of a call, seconds.
    public var seconds: Double
    /// `‖error‖₂ / ‖reference‖₂`.
    public var relL2Error: Double
    /// Bytes of scratch memory.
    public var workspaceBytes: Int

    /// Creates a row.
    public init(backend: String, seconds: Double, relL2Error: Double, workspaceBytes: Int) {
      self.backend = backend
      self.seconds = seconds
      self.relL2Error = relL2Error
      self.workspaceBytes = workspaceBytes
    }
  }

  /// Entries by the fingerprint of the machine that they were measured on.
  public private(set) var machines: [String: [TuningTable.Key: Entry]] = [:]

  /// Creates a file without entries.
  public init() {}

  /// Adds entries of one machine; those of the same problem and conditions are replaced.
  public mutating func merge(_ entries: [Entry], machine: String) {
    for entry in entries { machines[machine, default: [:]][entry.key] = entry }
  }

  /// The entries of one machine, as `auto` reads them.
  ///
  /// - Parameter source: what messages call the file.
  public func table(machine: String, source: String) -> TuningTable {
    let rankings = (machines[machine] ?? [:]).mapValues { entry in
      entry.ranking.map {
        TuningTable.Candidate(name: $0.backend, seconds: $0.seconds, relL2Error: $0.relL2Error)
      }
    }
    return TuningTable(
      rankings, source: source,
      emptiness: "no entry for this machine, \(machine), in \(source)")
  }
}

// MARK: Reading

/// A tuning file that cannot be used.
public struct TuningFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One line: the file, what is wrong, what to do.
  public let description: String

  /// Creates an error.
  public init(description: String) { self.description = description }
}

extension TuningFile {
  /// Reads the file at `path`; nil if there is none.
  ///
  /// - Throws: `TuningFileError` when it cannot be read or is damaged, and `path` is left alone.
  public static func read(path: String) throws(TuningFileError) -> TuningFile? {
    var info = stat()
    guard stat(path, &info) == 0 else {
      guard errno != ENOENT else { return nil }
      throw TuningFileError(
        description: "cannot read \(path): \(String(cString: strerror(errno)))")
    }
    guard info.st_mode & S_IFMT == S_IFREG else {
      throw TuningFileError(description: "cannot read \(path): is no regular file")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw TuningFileError(description: "cannot read \(path): permission denied")
    }
    return try parse(data, path: path)
  }

  /// Reads the bytes of a file; `path` is its name, for errors.
  public static func parse(_ data: Data, path: String) throws(TuningFileError) -> TuningFile {
    func damaged(_ reason: String) -> TuningFileError {
      TuningFileError(
        description: "\(path): \(reason); repair or remove it, or name another with --tuning")
    }
    let version: Version
    do {
      version = try JSONDecoder().decode(Version.self, from: data)
    } catch {
      throw damaged("is no tuning file, or was cut off: \(reason(error))")
    }
    guard version.schema == currentSchema else {
      throw damaged("has schema \(version.schema), this conv-bench reads \(currentSchema)")
    }
    var file = TuningFile()
    do {
      let document = try JSONDecoder().decode(Document.self, from: data)
      for (machine, entries) in document.machines {
        for stored in entries {
          let entry = try stored.entry()
          guard file.machines[machine]?[entry.key] == nil else {
            throw ValueError("\(stored.label) stands twice under \(machine)")
          }
          file.merge([entry], machine: machine)
        }
      }
    } catch {
      throw damaged(reason(error))
    }
    return file
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case let error as ValueError: error.description
    case DecodingError.keyNotFound(let key, let context):
      "\(place(context)) has no '\(key.stringValue)'"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "\(place(context)) is of the wrong type"
    default: "not JSON"
    }
  }

  private static func place(_ context: DecodingError.Context) -> String {
    let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
    return path.isEmpty ? "it" : path.joined(separator: ".")
  }

  private struct ValueError: Error {
    let description: String
    init(_ description: String) { self.description = description }
  }

  private struct Version: Decodable { let schema: Int }

  private struct Document: Decodable { let machines: [String: [StoredEntry]] }

  private struct StoredEntry: Decodable {
    let problem, isa, layout, date: String
    let threads: Int
    let ranking: [StoredRow]

    var label: String { "\(problem), \(isa), \(layout), \(threads) threads" }

    func entry() throws(ValueError) -> Entry {
      let parsed: ConvolutionProblem
      do { parsed = try ProblemDescriptor.parse(problem).problem } catch {
        throw ValueError("problem '\(problem)': \(error)")
      }
      guard let isa = InstructionSet(rawValue: isa) else {
        throw ValueError("\(label): no instruction set '\(isa)'")
      }
      guard let layout = LayoutRequest(rawValue: layout) else {
        throw ValueError("\(label): no layout '\(layout)'")
      }
      guard threads >= 1 else { throw ValueError("\(label): threads must be 1 or more") }
      for row in ranking {
        guard row.median_s > 0, row.rel_l2_error >= 0, row.workspace_bytes >= 0 else {
          throw ValueError("\(label): \(row.backend) has a time or an error that cannot be")
        }
      }
      return Entry(
        key: .init(problem: parsed, isa: isa, layout: layout, threads: threads), date: date,
        ranking: ranking.map {
          Row(
            backend: $0.backend, seconds: $0.median_s, relL2Error: $0.rel_l2_error,
            workspaceBytes: $0.workspace_bytes)
        })
    }
  }

  private struct StoredRow: Decodable {
    let backend: String
    let median_s, rel_l2_error: Double
    let workspace_bytes: Int
  }
}

// MARK: Writing

extension TuningFile {
  /// The whole file.
  public var text: String {
    let machines = machines.sorted { $0.key < $1.key }.map { machine, entries in
      let sorted = entries.values.map { (Self.order($0.key), $0) }.sorted {
        $0.0.lexicographicallyPrecedes($1.0)
      }
      return JSONValue.Member(machine, .array(sorted.map { Self.json($0.1) }))
    }
    return JSONValue.object([
      .init("schema", .integer(Self.currentSchema)), .init("machines", .object(machines)),
    ]).description + "\n"
  }

  private static func order(_ key: TuningTable.Key) -> [String] {
    [
      ProblemDescriptor.format(key.problem), key.isa.rawValue, key.layout.rawValue,
      String(format: "%6d", key.threads),
    ]
  }

  private static func json(_ entry: Entry) -> JSONValue {
    .object([
      .init("problem", .string(ProblemDescriptor.format(entry.key.problem))),
      .init("isa", .string(entry.key.isa.rawValue)),
      .init("layout", .string(entry.key.layout.rawValue)),
      .init("threads", .integer(entry.key.threads)), .init("date", .string(entry.date)),
      .init(
        "ranking",
        .array(
          entry.ranking.map {
            .line([
              .init("backend", .string($0.backend)), .init("median_s", .number($0.seconds)),
              .init("rel_l2_error", .number($0.relL2Error)),
              .init("workspace_bytes", .integer($0.workspaceBytes)),
            ])
          })),
    ])
  }

  /// Merges entries into the file at `path` as it is now, in one step; creates it if there is none.
  /// Others who update the file meanwhile, in this process or another, wait.
  ///
  /// - Throws: `TuningFileError` or `OutputError`; the file is then as it was.
  public static func update(
    path: String, machine: String, entries: [Entry]
  ) throws -> TuningFile {
    let lock = try FileLock(path: path, emptyText: TuningFile().text)
    return try withExtendedLifetime(lock) {
      do {
        return try merged(path: path, machine: machine, entries: entries)
      } catch {
        lock.undo()
        throw error
      }
    }
  }

  private static func merged(
    path: String, machine: String, entries: [Entry]
  ) throws -> TuningFile {
    var file = try read(path: path) ?? TuningFile()
    file.merge(entries, machine: machine)
    let output = try OutputFile(path: path)
    defer { output.discard() }
    try output.write(file.text)
    try output.finish()
    return file
  }
}
