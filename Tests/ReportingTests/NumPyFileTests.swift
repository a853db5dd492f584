import Convolution
import Foundation
import Testing

@testable import Reporting

@Suite struct NumPyFileTests {
  private func file(
    _ header: String, _ data: [UInt8], version: UInt8 = 1, length: Int? = nil
  ) -> [UInt8] {
    let length = length ?? header.utf8.count
    let lengthBytes = (0..<(version == 1 ? 2 : 4)).map { UInt8(length >> (8 * $0) & 0xFF) }
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + lengthBytes + Array(header.utf8) + data
  }

  private func header(_ descr: String = "'<f4'", fortran: String = "False", shape: String) -> String
  {
    "{'descr': \(descr), 'fortran_order': \(fortran), 'shape': \(shape), }\n"
  }

  private func floats(_ values: [Float]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
  }

  /// `numpy.save` of `numpy.arange(6, dtype='<f4').reshape(2, 3)`, NumPy 1.24.
  @Test func theFileIsThatOfNumPy() throws {
    let array = NumPyArray(shape: [2, 3], values: [0, 1, 2, 3, 4, 5])
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    let bytes: [UInt8] =
      [0x93] + Array("NUMPY".utf8) + [1, 0, 0x76, 0] + Array(header.utf8)
      + [UInt8](repeating: 0x20, count: 0x76 - header.utf8.count - 1) + [0x0A]
      + floats([0, 1, 2, 3, 4, 5])
    #expect(NumPyFile.bytes(array) == bytes)
    #expect(bytes.count == 128 + 24)
    #expect(try NumPyFile.parse(bytes) == array)
  }

  @Test(arguments: [[], [1], [3], [0, 5], [2, 1, 3], [1, 2, 3, 4]])
  func arraysComeBack(shape: [Int]) throws {
    let values = (0..<shape.reduce(1, *)).map { Float($0) - 1.5 }
    let array = NumPyArray(shape: shape, values: values)
    let bytes = NumPyFile.bytes(array)
    #expect((bytes.count - 4 * values.count) % 64 == 0)
    #expect(try NumPyFile.parse(bytes) == array)
  }

  @Test(arguments: [1, 2, 3] as [UInt8])
  func allVersionsAreRead(version: UInt8) throws {
    let bytes = file(header(shape: "(2,)"), floats([1, -2]), version: version)
    #expect(try NumPyFile.parse(bytes) == NumPyArray(shape: [2], values: [1, -2]))
  }

  @Test func doublesAreRounded() throws {
    let data = [1.0 + 0x1p-40, -2.5].flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
    #expect(try NumPyFile.parse(file(header("'<f8'", shape: "(2,)"), data)).values == [1, -2.5])
  }

  /// `numpy.asfortranarray([[0, 1, 2], [3, 4, 5]])` lies in memory as 0 3 1 4 2 5.
  @Test func fortranOrderIsTurned() throws {
    let bytes = file(header(fortran: "True", shape: "(2, 3)"), floats([0, 3, 1, 4, 2, 5]))
    #expect(try NumPyFile.parse(bytes).values == [0, 1, 2, 3, 4, 5])
  }

  @Test func theHeaderMayBeWrittenOtherwise() throws {
    let text = "{ \"shape\":(2L,1L),'fortran_order' :False,\"descr\":'<f4'}"
    #expect(try NumPyFile.parse(file(text, floats([1, 2]))).shape == [2, 1])
  }

  @Test func whatFollowsTheDataIsIgnored() throws {
    let bytes = file(header(shape: "(1,)"), floats([1, 2]))
    #expect(try NumPyFile.parse(bytes).values == [1])
  }

  @Test(arguments: [
    ("'>f4'", "big-endian"), ("'<i8'", "integers"), ("'|O'", "Python objects"),
    ("'|b1'", "booleans"), ("'<f2'", "floats of another size"), ("'<c8'", "complex"),
    ("[('a', '<f4')]", "structured"), ("'<U5'", "text"), ("''", "unknown type"),
  ])
  func otherTypesAreNamed(descr: String, message: String) throws {
    let error = try #require(throws: NumPyError.self) {
      try NumPyFile.parse(file(header(descr, shape: "(1,)"), floats([1, 2])))
    }
    #expect(error.description.contains(message), "\(error)")
    #expect(error.description.contains("float32"), "the remedy is said: \(error)")
  }

  @Test(arguments: [
    "", "{", "{}", "{'descr': '<f4'}", "[1]", "{'descr': '<f4', 'fortran_order': 1, 'shape': ()}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 4)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': 3}",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", "{'descr: ", "\u{0}\u{0}",
  ])
  func damagedHeadersAreErrors(header: String) throws {
    let error = try #require(throws: NumPyError.self) {
      try NumPyFile.parse(file(header, floats([1, 2, 3])))
    }
    #expect(error.description.hasPrefix("the header is damaged"), "\(error)")
  }

  @Test func everyTruncationIsAnError() {
    let bytes = NumPyFile.bytes(NumPyArray(shape: [2, 2], values: [1, 2, 3, 4]))
    for count in bytes.indices {
      #expect(throws: NumPyError.self) { try NumPyFile.parse(Array(bytes[..<count])) }
    }
  }

  @Test func hugeEmptyShapesHoldNothing() throws {
    let bytes = file(header(shape: "(4611686018427387904, 8, 0)"), [])
    #expect(try NumPyFile.parse(bytes).values.isEmpty)
  }

  @Test func noBytesEverTrap() {
    var random = SplitMix64(seed: 1)
    let whole = NumPyFile.bytes(NumPyArray(shape: [3, 2], values: [1, 2, 3, 4, 5, 6]))
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0...Int.random(in: 0..<8, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch random.next() % 3 {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default:
          bytes.insert("0123456789(),'{}:<>fTL ".utf8.randomElement(using: &random)!, at: place)
        }
      }
      if let array = try? NumPyFile.parse(bytes) {
        #expect(array.values.count == NumPyArray.count(array.shape))
      }
    }
  }
}
