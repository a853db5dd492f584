import Foundation
import PackagePlugin

/// Embeds every `Benchmarks/Layers/*.txt` in the target, so that adding a network touches one file.
///
/// Builds plan again, and so see an added file, only when a folder of a target changes: that is why
/// `Sources/Networks/Layers` links to the files.
@main
struct EmbedLayers: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let folder = context.package.directoryURL.appending(
      path: "Benchmarks/Layers", directoryHint: .isDirectory)
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "txt" }
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedLayers.swift")
    return [
      .buildCommand(
        displayName: "Embedding the layers of \(files.count) networks",
        executable: try context.tool(named: "EmbedLayersTool").url,
        arguments: [folder.path, output.path], inputFiles: files,
        outputFiles: [output])
    ]
  }
}
