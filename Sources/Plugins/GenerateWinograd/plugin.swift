import PackagePlugin

/// Generates the unrolled Winograd transforms into each kernel target.
@main
struct GenerateWinograd: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let output = context.pluginWorkDirectoryURL.appending(path: "WinogradTransforms.swift")
    return [
      .buildCommand(
        displayName: "Generating Winograd transforms for \(target.name)",
        executable: try context.tool(named: "WinogradCodegen").url,
        arguments: [output.path()], inputFiles: [], outputFiles: [output])
    ]
  }
}
