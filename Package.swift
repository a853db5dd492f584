// swift-tools-version: 6.2
import PackageDescription

// Kernels are compiled once per instruction set from the same files (each folder links to Shared).
// `-Xcc -march` gives the target its instructions: without it, every lane of a fused multiply-add
// is a call to fmaf. `-unroll-threshold` lets LLVM unroll a whole register tile, so that its
// accumulators stay in registers: a 14×2 tile runs at 46–59 GF/s without it and at the FMA peak
// with it. `-Ounchecked` in every configuration keeps a debug build's tests usable; kernels take
// only sizes that were validated before.
struct KernelTarget {
  let name: String
  let folder: String
  let march: [String]
}

#if arch(x86_64)
  let kernelTargets = [
    KernelTarget(name: "KernelsAVX512", folder: "AVX512", march: ["-Xcc", "-march=x86-64-v4"]),
    KernelTarget(name: "KernelsAVX2", folder: "AVX2", march: ["-Xcc", "-march=x86-64-v3"]),
    KernelTarget(name: "KernelsGeneric", folder: "Generic", march: []),
  ]
#else
  let kernelTargets = [KernelTarget(name: "KernelsGeneric", folder: "Generic", march: [])]
#endif

let kernelFlags = ["-Ounchecked", "-Xllvm", "-unroll-threshold=1000"]
// A release build optimises whole modules anyway; a debug build has to be told, or no tile would be
// specialised. Two threads make it write an object a file, which the debug build's index expects.
let kernelDebugFlags = ["-disable-batch-mode", "-whole-module-optimization", "-num-threads", "2"]

// What results say of these: `target flags;` each.
let swiftFlags = kernelTargets.map { ([$0.name] + $0.march + kernelFlags).joined(separator: " ") }
  .joined(separator: ";")

// The reference and the loops around the kernels are optimised in a debug build too (checks stay on):
// otherwise they, and not the backends, are what a run of the tests waits for.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
  name: "conv-bench",
  products: [
    .executable(name: "conv-bench", targets: ["conv-bench"])
  ],
  targets: [
    .target(name: "CPlatform", cSettings: [.define("SWIFT_FLAGS", to: "\"\(swiftFlags)\"")]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CFFTW", pkgConfig: "fftw3f", providers: [.apt(["libfftw3-dev"])]),
    // Compiles to "not installed" without oneDNN's headers (libdnnl-dev); opens the library at run time.
    .target(name: "COneDNN"),
    .target(name: "KernelInterface"),
    .target(name: "KernelIntrinsics"),
    .target(name: "Convolution", swiftSettings: optimised),
    .target(name: "Parallel", dependencies: ["CPlatform"]),
    .target(
      name: "Backends",
      dependencies: [
        "Convolution", "KernelInterface", "Parallel", "CPlatform", "COpenBLAS", "CFFTW",
        "COneDNN", "WinogradAlgebra",
      ] + kernelTargets.map { .init(stringLiteral: $0.name) },
      swiftSettings: optimised),
    .target(name: "WinogradAlgebra"),
    .executableTarget(
      name: "WinogradCodegen", dependencies: ["WinogradAlgebra"],
      path: "Sources/Generators/WinogradCodegen"),
    .plugin(
      name: "GenerateWinograd", capability: .buildTool(), dependencies: ["WinogradCodegen"],
      path: "Sources/Plugins/GenerateWinograd"),
    // Layer sets are data: the plugin embeds Benchmarks/Layers, so that a network is one file. The
    // link to that folder makes the build notice a file that is added.
    .target(
      name: "Networks", dependencies: ["Convolution"], exclude: ["Layers"],
      plugins: ["EmbedLayers"]),
    .plugin(
      name: "EmbedLayers", capability: .buildTool(), dependencies: ["EmbedLayersTool"],
      path: "Sources/Plugins/EmbedLayers"),
    .executableTarget(name: "EmbedLayersTool", path: "Sources/Generators/EmbedLayers"),
    .target(
      name: "Measurement",
      dependencies: [
        "Backends", "Convolution", "KernelInterface", "Parallel", "CPlatform", "COpenBLAS", "CFFTW",
      ]),
    .target(
      name: "Reporting", dependencies: ["Backends", "Convolution", "Measurement", "Networks"]),
    .target(
      name: "Gate",
      dependencies: [
        "Backends", "Convolution", "Measurement", "Networks", "Reporting", "CPlatform",
      ]),
    .executableTarget(
      name: "conv-bench",
      dependencies: [
        "Backends", "Convolution", "Gate", "Measurement", "Networks", "Reporting", "CPlatform",
      ],
      path: "Benchmarks/conv-bench"),
    .testTarget(name: "ConvolutionTests", dependencies: ["Convolution"]),
    .testTarget(name: "WinogradAlgebraTests", dependencies: ["WinogradAlgebra"]),
    .testTarget(name: "ParallelTests", dependencies: ["Parallel"]),
    .testTarget(
      name: "BackendsTests",
      dependencies: ["Backends", "Convolution", "KernelInterface", "WinogradAlgebra"],
      swiftSettings: optimised),
    .testTarget(name: "NetworksTests", dependencies: ["Networks", "Convolution"]),
    .testTarget(
      name: "MeasurementTests", dependencies: ["Measurement", "Backends", "Convolution"]),
    .testTarget(
      name: "ReportingTests",
      dependencies: ["Reporting", "Measurement", "Networks", "Backends", "Convolution"]),
    .testTarget(
      name: "GateTests", dependencies: ["Gate", "Measurement", "Reporting", "conv-bench"]),
    .testTarget(
      name: "CommandTests",
      dependencies: ["conv-bench", "Reporting", "Measurement", "Backends", "Convolution"]),
  ]
    + kernelTargets.map { kernel in
      .target(
        name: kernel.name,
        dependencies: ["KernelInterface", "KernelIntrinsics"],
        path: "Sources/ConvolutionKernels/\(kernel.folder)",
        swiftSettings: [
          .unsafeFlags(kernel.march + kernelFlags),
          .unsafeFlags(kernelDebugFlags, .when(configuration: .debug)),
        ],
        plugins: ["GenerateWinograd"])
    },
  swiftLanguageModes: [.v6]
)
