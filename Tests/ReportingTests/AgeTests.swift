import Reporting
import Testing

@Suite struct AgeTests {
  @Test(
    arguments: [
      (0.0, "now"), (0.9, "now"), (1, "1 second ago"), (59.9, "59 seconds ago"),
      (60, "1 minute ago"),
      (7199, "1 hour ago"), (86400, "1 day ago"), (2.5 * 86400, "2 days ago"),
    ] as [(Double, String)])
  func theLargestUnitCounts(seconds: Double, text: String) {
    #expect(Quantity.age(seconds) == text)
  }
}
