import Foundation

/// Writes `files` (path → text) below a new temporary folder, runs `body` on it, removes it.
func withFiles(_ files: [String: String], _ body: (String) throws -> Void) throws {
  let root = FileManager.default.temporaryDirectory
    .appendingPathComponent("conv-bench-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: root) }
  for (path, text) in files {
    let file = root.appendingPathComponent(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: file, atomically: true, encoding: .utf8)
  }
  try body(root.path)
}
