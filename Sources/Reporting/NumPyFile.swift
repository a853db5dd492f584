import Foundation

/// A float32 array with its shape, as in NumPy's `.npy` files.
public struct NumPyArray: Hashable, Sendable {
  /// Sizes, slowest-varying first; empty for a single number.
  public var shape: [Int]
  /// Elements in C order.
  public var values: [Float]

  /// Creates an array; `values` has the product of `shape` elements.
  public init(shape: [Int], values: [Float]) {
    precondition(Self.count(shape) == values.count, "values do not fill the shape")
    self.shape = shape
    self.values = values
  }

  /// Elements of a shape; nil beyond 2⁶³.
  static func count(_ shape: [Int]) -> Int? {
    guard !shape.contains(0) else { return 0 }
    var product = 1
    for size in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }
}

/// What is wrong with an `.npy` file, one line without the file's name.
public struct NumPyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, and what would be right.
  public let description: String

  static func header(_ reason: String) -> NumPyError {
    NumPyError(description: "the header is damaged: \(reason)")
  }

  static func type(_ type: String) -> NumPyError {
    NumPyError(
      description: "holds \(type); save little-endian float32 (array.astype('<f4')) or '<f8'")
  }
}

/// Reads and writes NumPy's `.npy` files.
///
/// Format: NEP 1, versions 1.0, 2.0 and 3.0. `<f4` is taken as it is, `<f8` is rounded to float32,
/// Fortran order becomes C order. What follows the data is ignored, as NumPy does.
public enum NumPyFile {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Reads a whole file's bytes.
  ///
  /// - Throws: `NumPyError` for anything that is not such an array, also truncated or damaged.
  public static func parse(_ bytes: [UInt8]) throws(NumPyError) -> NumPyArray {
    guard bytes.starts(with: magic) else {
      throw NumPyError(description: "is not an .npy file: it does not begin with \\x93NUMPY")
    }
    let (header, data) = try split(bytes)
    guard let element = elements[header.descr] else { throw .type(typeName(header.descr)) }
    guard let count = NumPyArray.count(header.shape) else {
      throw .header("shape \(text(header.shape)) is beyond any memory")
    }
    let (size, overflow) = count.multipliedReportingOverflow(by: element.size)
    guard !overflow, size <= data.count else {
      throw NumPyError(
        description: "is cut off: shape \(text(header.shape)) needs \(count) elements, "
          + "there are \(data.count / element.size)")
    }
    let values = data.withUnsafeBytes { buffer in
      (0..<count).map { element.read(buffer, $0 * element.size) }
    }
    return NumPyArray(
      shape: header.shape,
      values: header.isFortranOrder ? cOrder(values, shape: header.shape) : values)
  }

  /// The file of an array: version 1.0, `<f4`, C order.
  public static func bytes(_ array: NumPyArray) -> [UInt8] {
    let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': \(text(array.shape)), }"
    // Magic, version, length and header together are a multiple of 64 bytes.
    let unpadded = magic.count + 4 + dictionary.utf8.count + 1
    let padding = (64 - unpadded % 64) % 64
    let header = dictionary + String(repeating: " ", count: padding) + "\n"
    let length = UInt16(header.utf8.count)
    var bytes = magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8)
    bytes.reserveCapacity(bytes.count + array.values.count * 4)
    for value in array.values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  /// `(3, 4)`, as Python writes a shape.
  public static func text(_ shape: [Int]) -> String {
    shape.count == 1 ? "(\(shape[0]),)" : "(\(shape.map(String.init).joined(separator: ", ")))"
  }

  private static func split(
    _ bytes: [UInt8]
  ) throws(NumPyError) -> (NumPyHeader, ArraySlice<UInt8>) {
    guard bytes.count > 8 else { throw .header("the file ends within it") }
    let major = bytes[6]
    guard (1...3).contains(major) else {
      throw NumPyError(description: "has format version \(major), known are 1, 2 and 3")
    }
    let lengthBytes = major == 1 ? 2 : 4
    guard bytes.count >= 8 + lengthBytes else { throw .header("the file ends within it") }
    let length = bytes[8..<8 + lengthBytes].reversed().reduce(0) { $0 << 8 | Int($1) }
    let start = 8 + lengthBytes
    guard length <= bytes.count - start else { throw .header("the file ends within it") }
    return (try NumPyHeader(bytes[start..<start + length]), bytes[(start + length)...])
  }

  /// An element type that can be read: bytes, and the value at an offset.
  private struct Element: Sendable {
    let size: Int
    let read: @Sendable (UnsafeRawBufferPointer, Int) -> Float
  }

  private static let elements = [
    "<f4": Element(size: 4) { buffer, offset in
      let bits = UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      return Float(bitPattern: bits)
    },
    "<f8": Element(size: 8) { buffer, offset in
      let bits = UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      return Float(Double(bitPattern: bits))
    },
  ]

  private static func typeName(_ descr: String) -> String {
    let shown = String(descr.unicodeScalars.prefix(12).filter { (0x20...0x7E).contains($0.value) })
    let kinds: [Character: String] = [
      "i": "integers", "u": "unsigned integers", "b": "booleans", "c": "complex numbers",
      "O": "Python objects", "S": "bytes", "U": "text", "V": "raw data", "M": "dates",
      "m": "time spans", "f": "floats of another size",
    ]
    if shown.hasPrefix(">f") { return "big-endian floats (\(shown))" }
    let kind = shown.drop { "<>|=".contains($0) }.first.flatMap { kinds[$0] } ?? "an unknown type"
    return "\(kind) (\(shown))"
  }

  private static func cOrder(_ values: [Float], shape: [Int]) -> [Float] {
    guard shape.count > 1, !values.isEmpty else { return values }
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in 1..<shape.count { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    var index = [Int](repeating: 0, count: shape.count)
    var offset = 0
    var result: [Float] = []
    result.reserveCapacity(values.count)
    while result.count < values.count {
      result.append(values[offset])
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        offset += strides[axis]
        guard index[axis] == shape[axis] else { break }
        offset -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return result
  }
}
