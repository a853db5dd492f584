import Foundation
import Gate

// The gate's workers are this program too, but no command for people: they obey a pipe.
if Array(CommandLine.arguments.dropFirst()) == ["worker"] {
  let environment = ProcessInfo.processInfo.environment
  GateWorker(
    environment: environment, allowsDebugBuild: environment["CONV_BENCH_ALLOW_DEBUG"] == "1"
  ).serve()
  exit(0)
}
exit(Command.main(Array(CommandLine.arguments.dropFirst())).code)
