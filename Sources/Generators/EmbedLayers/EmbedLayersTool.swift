import Foundation

/// Writes a Swift file with the texts of every `.txt` file of a folder.
///
/// Usage: `EmbedLayersTool FOLDER OUTPUT`.
@main
struct EmbedLayersTool {
  static func main() throws {
    let arguments = CommandLine.arguments
    precondition(arguments.count == 3, "usage: EmbedLayersTool FOLDER OUTPUT")
    let files = try FileManager.default.contentsOfDirectory(
      at: URL(filePath: arguments[1]), includingPropertiesForKeys: nil
    )
    .filter { $0.pathExtension == "txt" }
    .sorted { name($0).compare(name($1), options: .numeric) == .orderedAscending }

    var source = """
      /// The files of Benchmarks/Layers; generated at build time.
      enum EmbeddedLayers {
        static let files: [(name: String, text: String)] = [

      """
    for file in files {
      let text = try String(contentsOf: file, encoding: .utf8)
      source += "(name: \(literal(name(file))), text: \(literal(text))),\n"
    }
    source += "  ]\n}\n"
    try source.write(to: URL(filePath: arguments[2]), atomically: true, encoding: .utf8)
  }

  static func name(_ file: URL) -> String { file.deletingPathExtension().lastPathComponent }

  /// The text as a raw multi-line literal, with so many `#` that nothing in it ends or escapes it.
  static func literal(_ text: String) -> String {
    var pounds = "#"
    while text.contains("\"\"\"" + pounds) || text.contains("\\" + pounds) { pounds += "#" }
    return "\(pounds)\"\"\"\n\(text)\n\"\"\"\(pounds)"
  }
}
