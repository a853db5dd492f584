import Foundation
import Testing

@testable import Reporting

@Suite struct JSONTests {
  @Test func textIsEscapedAndOrderKept() {
    let value = JSONValue.object([
      .init("b", .string("\"\\\n\u{1}é")), .init("a", .array([.integer(1), .null, .bool(true)])),
      .init("c", .array([])), .init("d", .object([])),
    ])
    let expected = """
      {
        "b": "\\"\\\\\\n\\u0001é",
        "a": [1, null, true],
        "c": [],
        "d": {}
      }
      """
    #expect(value.description == expected)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func thereIsNoNaN(value: Double) {
    #expect(JSONValue.number(value).description == "null")
  }

  @Test func theDocumentHoldsEverySampleAndColumn() throws {
    let result = Samples.result(milliseconds: [1, 2, 3])
    let text = JSONExporter.document(
      [.init(record: ResultRecord(result, run: Samples.run), samples: result.samples)],
      run: Samples.run, settings: .object([.init("seed", .integer(7))]),
      environment: JSONValue(encoding: ["cpu": "x"]), warnings: ["loaded"])
    let parsed = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(Set(parsed.keys) == ["schema", "run", "environment", "warnings", "results", "totals"])
    let row = try #require((parsed["results"] as? [[String: Any]])?.first)
    #expect(Set(row.keys) == Set(ResultColumn.names + ["peak_gflops", "samples_s"]))
    #expect(row["samples_s"] as? [Double] == [0.001, 0.002, 0.003])
    #expect(row["median_ms"] as? Double == 2)
    #expect(row["peak_fraction"] is NSNull)
    #expect(parsed["warnings"] as? [String] == ["loaded"])
  }

  @Test func anythingEncodableBecomesAValue() {
    let value = JSONValue(encoding: ["x": [1.5, 2]])
    #expect(value == .object([.init("x", .array([.number(1.5), .integer(2)]))]))
  }
}
