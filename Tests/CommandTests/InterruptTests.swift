import Foundation
import Reporting
import Testing

@Suite struct InterruptTests {
  private static let debug = ["CONV_BENCH_ALLOW_DEBUG": "1"]

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
  func finishedRowsAreInTheFile(signal: Int32, code: Int32) throws {
    let folder = try Folder()
    // The declined case is finished at once, the other one never.
    let command = try CommandProcess(
      [
        "--layer", "lenet5-conv1", "--backend", "gemm-1x1,direct", "--samples", "1000000000",
        "--csv", "r.csv", "--json", "r.json",
      ], in: folder, environment: Self.debug)
    #expect(folder.waits(for: "unsupported", beside: "r.csv"))
    command.send(signal)
    let outcome = command.outcome()
    #expect(outcome.code == code)
    #expect(folder.names == ["r.csv", "r.json"])
    let file = try CSVReader.read(path: "\(folder.path)/r.csv")
    #expect(file.records.map(\.backend) == ["gemm-1x1"] && file.notices.isEmpty)
    #expect(
      (try? JSONSerialization.jsonObject(with: Data(folder.bytes("r.json") ?? []))) != nil)
  }

  /// `nohup` is for commands that outlive their terminal. Its bit in the process's masks tells; 1 is
  /// SIGHUP's, 2 SIGINT's.
  @Test(arguments: [("trap '' HUP", "ignored 1, handled 2"), ("", "ignored 0, handled 3")])
  func anIgnoredHangUpStaysIgnored(setUp: String, state: String) throws {
    let outcome = try CommandProcess.shell(
      """
      \(setUp)
      CONV_BENCH_ALLOW_DEBUG=1 "$0" --layer lenet5-conv1 --backend direct --samples 1000000000 \
        --csv r.csv --quiet &
      until ls -A | grep -q '^[.]r[.]csv'; do sleep 0.05; done
      mask() { echo $((0x$(sed -n "s/^$1:[[:space:]]*//p" /proc/$!/status) & $2)); }
      echo "ignored $(mask SigIgn 1), handled $(mask SigCgt 3)"
      kill -KILL $!
      """, in: Folder())
    #expect(outcome.output == state + "\n")
  }

  @Test func theSecondSignalDoesNotWait() throws {
    let folder = try Folder()
    // One call of the reference on this takes minutes.
    let command = try CommandProcess(
      [
        "--problem", "ic512ih224oc512kh3ph1", "--backend", "gemm-1x1,reference", "--no-check",
        "--csv", "r.csv",
      ], in: folder, environment: Self.debug)
    #expect(folder.waits(for: "unsupported", beside: "r.csv"))
    command.send(SIGINT)
    usleep(200_000)
    command.send(SIGINT)
    #expect(command.outcome().code == 130)
    #expect(folder.names == ["r.csv"])
    #expect(try CSVReader.read(path: "\(folder.path)/r.csv").records.count == 1)
  }

  @Test func anOlderFileStaysWhenNoRowIsFinished() throws {
    let folder = try Folder()
    try folder.write("r.csv", "old")
    let command = try CommandProcess(
      [
        "--layer", "lenet5-conv1", "--backend", "direct", "--samples", "1000000000", "--csv",
        "r.csv",
      ],
      in: folder, environment: Self.debug)
    #expect(folder.waits(for: "schema", beside: "r.csv"))
    command.send(SIGTERM)
    #expect(command.outcome().code == 143)
    #expect(folder.names == ["r.csv"] && folder.text("r.csv") == "old")
  }

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
  func convolveEndsAtOnceAndLeavesNothing(signal: Int32, code: Int32) throws {
    let folder = try Folder()
    let (src, wei) = ([1, 64, 160, 160], [256, 64, 5, 5])
    for (name, shape) in [("x.npy", src), ("w.npy", wei)] {
      let values = [Float](repeating: 1, count: shape.reduce(1, *))
      try folder.write(name, NumPyFile.bytes(NumPyArray(shape: shape, values: values)))
    }
    let command = try CommandProcess(
      ["convolve", "--src", "x.npy", "--wei", "w.npy", "--dst", "y.npy", "--backend", "reference"],
      in: folder, environment: Self.debug)
    for _ in 0..<3000 where !folder.names.contains(where: { $0.hasPrefix(".y.npy.") }) {
      usleep(10_000)
    }
    usleep(100_000)
    command.send(signal)
    #expect(command.outcome().code == code)
    #expect(folder.names == ["w.npy", "x.npy"])
  }
}
