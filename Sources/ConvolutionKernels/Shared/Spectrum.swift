import KernelInterface

/// Between complex transforms of channel pairs and the real planes of matrix products.
///
/// With `Z = A + iB` for real channels A and B: `Z(f) + Z(−f)` holds `2·Re A, 2·Re B` in its even and odd
/// lanes, `Z(f) − Z(−f)` holds `−2·Im B, 2·Im A`. The channel order is kept throughout.
enum Spectrum {
  static func split(_ pointer: UnsafePointer<SpectrumArguments>) {
    let a = pointer.pointee
    var out = a.spectrum
    for i in 0..<a.self_count {
      let z = loadVector(a.grid + Int(a.frequencies[i]) &* Vector.scalarCount)
      storeVector(z + z, out)
      out += a.xi_stride
    }
    var pairs = a.frequencies + a.self_count
    for _ in 0..<a.pair_count {
      let z = loadVector(a.grid + Int(pairs[0]) &* Vector.scalarCount)
      let w = loadVector(a.grid + Int(pairs[1]) &* Vector.scalarCount)
      let real = z + w
      let difference = z - w
      var imaginary = difference
      imaginary.evenHalf = difference.oddHalf
      imaginary.oddHalf = -difference.evenHalf
      storeVector(real, out)
      storeVector(imaginary, out + a.xi_stride)
      storeVector(real + imaginary, out + 2 &* a.xi_stride)
      out += 3 &* a.xi_stride
      pairs += 2
    }
  }

  static func merge(_ pointer: UnsafePointer<SpectrumArguments>) {
    let a = pointer.pointee
    var sums = a.spectrum
    for i in 0..<a.self_count {
      storeVector(loadVector(sums), a.grid + Int(a.frequencies[i]) &* Vector.scalarCount)
      sums += a.xi_stride
    }
    var pairs = a.frequencies + a.self_count
    for _ in 0..<a.pair_count {
      let p1 = loadVector(sums)
      let p2 = loadVector(sums + a.xi_stride)
      let real = p1 - p2
      let imaginary = loadVector(sums + 2 &* a.xi_stride) - p1 - p2
      var turned = imaginary
      turned.evenHalf = -imaginary.oddHalf
      turned.oddHalf = imaginary.evenHalf
      storeVector(real + turned, a.grid + Int(pairs[0]) &* Vector.scalarCount)
      storeVector(real - turned, a.grid + Int(pairs[1]) &* Vector.scalarCount)
      sums += 3 &* a.xi_stride
      pairs += 2
    }
  }
}
