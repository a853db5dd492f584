import Convolution
import KernelInterface
import Testing
import WinogradAlgebra

@testable import Backends

/// Winograd's filtering along rows: its kernels against their formulas, its plan against the reference.
struct StripTests {
  /// A kernel with what it is called in messages.
  private struct Case {
    let algorithm: WinogradAlgorithm
    let strips: Int
    let vectors: Int
  }

  private static func cases(_ kernels: KernelContext) -> [Case] {
    WinogradAlgorithm.alongRows.flatMap { algorithm in
      (1...kernels.max_strip_vectors).flatMap { vectors in
        (1...kernels.max_strips(vectors)).map {
          Case(algorithm: algorithm, strips: $0, vectors: vectors)
        }
      }
    }
  }

  private static func pseudorandom(_ count: Int, _ seed: Int) throws -> AlignedBuffer {
    let buffer = try AlignedBuffer(count: count)
    TensorData.fillNormal(buffer.elements, seed: UInt64(seed))
    return buffer
  }

  @Test(arguments: InstructionSet.available) func everyTileFiltersAndTransformsBack(
    isa: InstructionSet
  ) throws {
    let kernels = isa.kernels
    let lanes = kernels.lanes
    for test in Self.cases(kernels) {
      for ending in 0..<4 {
        try check(
          test, lanes, kernels, hasBias: ending % 3 > 0, relu: ending == 2, streams: ending == 3)
      }
    }
  }

  /// Tiles go on into the next block where they divide it.
  private func check(
    _ test: Case, _ lanes: Int, _ kernels: KernelContext, hasBias: Bool, relu: Bool, streams: Bool
  ) throws {
    let (m, alpha, steps) = (test.algorithm.m, test.algorithm.alpha, 5)
    let tiles = lanes.isMultiple(of: test.strips) ? lanes / test.strips + 1 : 1
    let first = lanes.isMultiple(of: test.strips) ? lanes - test.strips : 0
    let (line, width) = (3 * alpha * lanes, test.vectors * lanes)
    let plane = tiles * test.strips * m * lanes
    let src = try Self.pseudorandom(steps * line, 1)
    let wei = try Self.pseudorandom(steps * alpha * width, 2)
    let bias = try Self.pseudorandom(width, 3)
    let dst = try AlignedBuffer(count: test.vectors * plane)
    dst.elements.update(repeating: .nan)
    var arguments = StripArguments(
      src: src.readOnly + first, first_strip: first, step_stride: line, steps: steps,
      wei: wei.readOnly, dst: dst.baseAddress, dst_vector_stride: plane,
      bias: hasBias ? bias.readOnly : nil, relu: relu ? 1 : 0, streams: streams ? 1 : 0,
      tiles: tiles)
    kernels.strip_tile(m, test.algorithm.r, test.strips, test.vectors)!(&arguments)
    if streams { kernel_end_streaming() }
    let at = test.algorithm.at.map { $0.map(\.doubleValue) }
    var wrong = 0
    for strip in 0..<tiles * test.strips {
      let (block, place) = (first + strip).quotientAndRemainder(dividingBy: lanes)
      for k in 0..<width {
        let sums = (0..<alpha).map { xi in
          (0..<steps).reduce(0.0) { sum, step in
            let x = src.elements[step * line + (block * alpha + xi) * lanes + place]
            return sum + Double(x) * Double(wei.elements[(step * alpha + xi) * width + k])
          }
        }
        for i in 0..<m {
          let sum = zip(at[i], sums).reduce(0.0) { $0 + $1.0 * $1.1 }
          let biased = sum + (hasBias ? Double(bias.elements[k]) : 0)
          let expected = relu ? max(0, biased) : biased
          let magnitude = zip(at[i], sums).reduce(1.0) { $0 + abs($1.0 * $1.1) }
          let value = dst.elements[k / lanes * plane + (strip * m + i) * lanes + k % lanes]
          // Not by `>`: a NaN is wrong.
          if !(abs(Double(value) - expected) <= 1e-5 * magnitude) { wrong += 1 }
        }
      }
    }
    #expect(
      wrong == 0,
      "F(\(m),\(test.algorithm.r)) \(test.strips)x\(test.vectors) bias \(hasBias) relu \(relu)")
  }

  /// The strip in a lane of a vector of `strip_row_tile`.
  private static func strip(_ lane: Int, _ m: Int, _ lanes: Int) -> Int {
    let q = 4 / m
    let (h, place) = lane.quotientAndRemainder(dividingBy: 4)
    return place / q * lanes / m + q * h + place % q
  }

  @Test(arguments: InstructionSet.available) func everyRowTileFiltersAndTransformsBack(
    isa: InstructionSet
  ) throws {
    let kernels = isa.kernels
    for algorithm in WinogradAlgorithm.alongRows {
      for vectors in 1...2 where kernels.max_strip_channels(vectors) > 0 {
        for channels in 1...kernels.max_strip_channels(vectors) {
          for ending in 0..<4 {
            // Vectors side by side; the last one beginning before the first one ends.
            for overlap in [0, 3] where overlap == 0 || vectors == 2 && ending < 3 {
              try checkRows(algorithm, channels, vectors, kernels, ending, overlap)
            }
          }
        }
      }
    }
  }

  private func checkRows(
    _ algorithm: WinogradAlgorithm, _ channels: Int, _ vectors: Int, _ kernels: KernelContext,
    _ ending: Int, _ overlap: Int
  ) throws {
    let (m, alpha, steps, tiles, lanes) = (algorithm.m, algorithm.alpha, 5, 3, kernels.lanes)
    let (hasBias, relu, streams) = (ending % 3 > 0, ending == 2, ending == 3)
    let line = (vectors + 1) * alpha * lanes
    let apart = m * lanes - overlap
    let plane = vectors * m * lanes + lanes
    let stored = steps * alpha * channels + 7
    let src = try Self.pseudorandom(steps * line, 1)
    let wei = try Self.pseudorandom(tiles * stored, 2)
    let bias = try Self.pseudorandom(tiles * channels, 3)
    let dst = try AlignedBuffer(count: tiles * channels * plane)
    dst.elements.update(repeating: .nan)
    var arguments = StripRowArguments(
      src: src.readOnly, step_stride: line, steps: steps, wei: wei.readOnly,
      tile_wei_stride: stored, dst: dst.baseAddress, plane_stride: plane,
      dst_vector_stride: apart, bias: hasBias ? bias.readOnly : nil, relu: relu ? 1 : 0,
      streams: streams ? 1 : 0, tiles: tiles)
    kernels.strip_row_tile(m, algorithm.r, channels, vectors)!(&arguments)
    if streams { kernel_end_streaming() }
    let at = algorithm.at.map { $0.map(\.doubleValue) }
    var expected = [(value: Double, magnitude: Double)?](repeating: nil, count: dst.count)
    for k in 0..<tiles * channels {
      let (tile, channel) = k.quotientAndRemainder(dividingBy: channels)
      for v in 0..<vectors {
        for lane in 0..<lanes {
          let sums = (0..<alpha).map { xi in
            (0..<steps).reduce(0.0) { sum, step in
              let x = src.elements[step * line + (v * alpha + xi) * lanes + lane]
              let w = wei.elements[tile * stored + (step * alpha + xi) * channels + channel]
              return sum + Double(x) * Double(w)
            }
          }
          for i in 0..<m {
            let terms = zip(at[i], sums).map { $0 * $1 }
            let sum = terms.reduce(hasBias ? Double(bias.elements[k]) : 0, +)
            expected[k * plane + v * apart + Self.strip(lane, m, lanes) * m + i] = (
              relu ? max(0, sum) : sum, terms.reduce(1) { $0 + abs($1) }
            )
          }
        }
      }
    }
    let wrong = zip(dst.elements, expected).filter { value, expected in
      // What no strip covers stays as it was. Not by `>`: a NaN is wrong.
      guard let expected else { return !value.isNaN }
      return !(abs(Double(value) - expected.value) <= 1e-5 * expected.magnitude)
    }
    #expect(
      wrong.isEmpty,
      "F(\(m),\(algorithm.r)) \(channels)x\(vectors) ending \(ending) overlap \(overlap)")
  }

  @Test(arguments: InstructionSet.available, LayoutRequest.allCases) func linesAreTransformed(
    isa: InstructionSet, layout: LayoutRequest
  ) throws {
    let (kernels, lanes) = (isa.kernels, isa.kernels.lanes)
    for algorithm in WinogradAlgorithm.alongRows {
      let (m, alpha, blocks) = (algorithm.m, algorithm.alpha, 3)
      let src = try Self.pseudorandom(blocks * lanes * m + alpha, 4)
      let dst = try AlignedBuffer(count: blocks * alpha * lanes)
      dst.elements.update(repeating: .nan)
      var arguments = StripSourceArguments(
        src: src.readOnly, dst: dst.baseAddress, blocks: blocks)
      let source =
        layout == .native
        ? kernels.strip_source(m, algorithm.r) : kernels.strip_row_source(m, algorithm.r)
      source!(&arguments)
      let bt = algorithm.bt.map { $0.map(\.doubleValue) }
      var wrong = 0
      for place in 0..<blocks * lanes {
        let (block, lane) = place.quotientAndRemainder(dividingBy: lanes)
        let strip = block * lanes + (layout == .native ? lane : Self.strip(lane, m, lanes))
        for xi in 0..<alpha {
          let terms = (0..<alpha).map { bt[xi][$0] * Double(src.elements[strip * m + $0]) }
          let expected = terms.reduce(0, +)
          let magnitude = terms.reduce(1) { $0 + abs($1) }
          let value = dst.elements[(block * alpha + xi) * lanes + lane]
          if !(abs(Double(value) - expected) <= 1e-6 * magnitude) { wrong += 1 }
        }
      }
      #expect(wrong == 0, "F(\(m),\(algorithm.r)) \(layout)")
    }
  }

  /// Every remainder of rows, of strips in blocks, of blocks and of output channels; padding of any size, also where
  /// rows of output see nothing of the image; images lower than the kernel; groups; bands. Plain planes take those
  /// that have a vector of strips in a row.
  static let problems: [ConvolutionProblem] = try! [3, 5].flatMap { k in
    try (4...9).map {
      try ConvolutionProblem(ic: 3, ih: 6, iw: $0, oc: 7 * $0 - 20, kh: k, kw: k, ph: 2, pw: 2)
    } + [
      .init(ic: 1, ih: k, iw: 30, oc: 3, kh: k, kw: k),
      .init(ic: 2, ih: 5, iw: 65, oc: 33, kh: k, kw: k, ph: 2, pw: 1, phr: 2, pwr: 3),
      .init(mb: 2, ic: 3, ih: 9, iw: 128, oc: 40, kh: k, kw: k, ph: 1, pw: 1, phr: 3, pwr: 2),
      .init(ic: 3, ih: 2, iw: 11, oc: 17, kh: k, kw: k, ph: 8, pw: 9),
      .init(mb: 2, g: 3, ic: 6, ih: 12, iw: 23, oc: 60, kh: k, kw: k, ph: 1, pw: 1),
      .init(ic: 3, ih: 200, iw: 47, oc: 8, kh: k, kw: k, ph: 2, pw: 2),
      .init(ic: 1, ih: 1, iw: 1, oc: 1, kh: k, kw: k, ph: 2, pw: 4),
      .init(ic: 2, ih: 4, iw: 64, oc: 5, kh: k, kw: k, ph: 1, pw: k / 2),
      .init(mb: 2, g: 2, ic: 4, ih: 5, iw: 97, oc: 6, kh: k, kw: k, ph: 2, pw: 2),
      .init(ic: 3, ih: 2, iw: 190, oc: 3, kh: k, kw: k, ph: 7, pw: 3, phr: 1, pwr: 0),
      .init(ic: 1, ih: 70, iw: 224, oc: 7, kh: k, kw: k, ph: 1, pw: 1),
    ]
  }

  @Test(arguments: InstructionSet.available) func plansAgreeWithTheReference(
    isa: InstructionSet
  ) throws {
    var taken = 0
    for (i, problem) in Self.problems.enumerated() {
      for layout in LayoutRequest.allCases {
        for threads in [1, 2, 5] {
          let options = PlanOptions(
            isa: isa, threads: threads, layout: layout, variant: problem.kw == 3 ? "f1x4" : "f1x2",
            bias: i % 2 == 0, relu: i % 3 == 0)
          let algorithm = WinogradAlgorithm.alongRows.first { $0.r == problem.kw }!
          guard StripGeometry.takes(problem, algorithm, options) else {
            #expect(layout == .nchw, "\(problem)")
            continue
          }
          taken += layout == .nchw ? 1 : 0
          let test = Verification(
            problem: problem, backend: WinogradBackend(), options: options)
          for data in [Verification.Data.integers, .normal] {
            let failure = try test.failure(data)
            #expect(failure == nil, "\(problem) \(options) \(data)")
          }
          // Few outputs may by chance have a larger error; the bound above holds for each.
          guard threads == 1, problem.dstCount > 1000 else { continue }
          let geometry = StripGeometry(problem, algorithm, options)
          #expect(try test.relL2Error() <= WinogradBackend.expectedError(geometry), "\(problem)")
        }
      }
    }
    #expect(taken >= 3 * 12)
  }

  @Test(arguments: LayoutRequest.allCases) func fewChannelsAreFilteredAlongRows(
    layout: LayoutRequest
  ) throws {
    let backend = WinogradBackend()
    let options = PlanOptions(isa: .best, threads: 1, layout: layout)
    let first = try ConvolutionProblem(
      ic: 3, ih: 128, iw: 128, oc: 64, kh: 3, kw: 3, ph: 1, pw: 1)
    let plan = try backend.makePlan(first, options)
    #expect(plan.variant.hasPrefix("f1x4 rows "))
    // Six products for each of four outputs, with those of the transforms.
    let direct = 2 * Double(first.multiplyAdds)
    #expect(plan.executedFLOPs > direct / 2 && plan.executedFLOPs < 0.75 * direct)
    let later = try ConvolutionProblem(
      ic: 64, ih: 128, iw: 128, oc: 64, kh: 3, kw: 3, ph: 1, pw: 1)
    #expect(try !backend.makePlan(later, options).variant.contains("rows"))
  }

  @Test func whatStripsNeedIsSaid() throws {
    let problem = try ConvolutionProblem(ic: 3, ih: 9, iw: 9, oc: 8, kh: 3, kw: 3)
    let wide = try ConvolutionProblem(ic: 3, ih: 9, iw: 66, oc: 8, kh: 3, kw: 3)
    let lanes = InstructionSet.best.kernels.lanes
    var options = PlanOptions(isa: .best, threads: 1, layout: .nchw, variant: "f1x4")
    let error = try #require(throws: Unsupported.self) {
      try WinogradBackend().validate(problem, options)
    }
    #expect(
      error.reason
        == "strips of 4 outputs need stride 1, rows of \(4 * lanes) outputs and fewer than \(lanes) input "
        + "channels a group")
    try WinogradBackend().validate(wide, options)
    options.layout = .native
    try WinogradBackend().validate(problem, options)
    options.variant = "f1x2"
    let other = try #require(throws: Unsupported.self) {
      try WinogradBackend().validate(problem, options)
    }
    #expect(
      other.reason == "no f1x2 for 3x3 kernels, has f2, f3, f4, f4+3, f5, f5+4, f6, f6+4, f1x4")
    let forcible = WinogradBackend().forcible
    #expect(forcible.contains("f1x4") && !forcible.contains("f1x4-fused"))
  }
}
