// Writes the unrolled Winograd transforms of every algorithm as Swift.
//
//   WinogradCodegen OUTPUT.swift

import Foundation
import WinogradAlgebra

guard CommandLine.arguments.count == 2 else {
  FileHandle.standardError.write(Data("usage: WinogradCodegen OUTPUT.swift\n".utf8))
  exit(2)
}
let source = TransformSource(WinogradAlgorithm.generated).text
try source.write(toFile: CommandLine.arguments[1], atomically: true, encoding: .utf8)
