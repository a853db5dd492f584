import Convolution
import Testing

@testable import Backends

/// Images divided into tiles of two sizes.
@Suite struct DivisionTests {
  private static let mixed = WinogradTiles.generated.filter { $0.narrow != nil }

  /// (outputs, wide, narrow, taps) and (wide tiles, narrow tiles).
  @Test(arguments: [
    ([13, 5, 4, 3], [1, 2]), ([14, 5, 4, 3], [2, 1]), ([28, 6, 4, 3], [4, 1]),
    ([56, 6, 4, 3], [8, 2]), ([7, 4, 3, 3], [1, 1]), ([27, 4, 3, 5], [6, 1]),
    ([12, 6, 4, 3], [2, 0]),
    ([4, 6, 4, 3], [0, 1]), ([1, 6, 4, 3], [0, 1]), ([6, 6, 4, 3], [1, 0]),
  ])
  func fewestProductsDecide(_ sizes: [Int], _ counts: [Int]) {
    let axis = TileAxis(sizes[0], wide: sizes[1], narrow: sizes[2], extra: sizes[3] - 1)
    #expect([axis.wideCount, axis.narrowCount] == counts)
  }

  /// Every output is in one tile, and `tile(of:)` names it.
  @Test func tilesCoverTheOutputOnce() throws {
    for tiles in WinogradTiles.generated {
      for (height, width) in [(7, 13), (14, 14), (28, 9), (5, 30), (19, 56), (1, 4)] {
        let p = try ConvolutionProblem(
          mb: 2, ic: 1, ih: height + tiles.r - 1, iw: width + tiles.r - 1, oc: 1, kh: tiles.r,
          kw: tiles.r)
        let division = tiles.division(of: p)
        var seen: [[Int]: Int] = [:]
        for part in division.parts {
          for index in 0..<part.grid.count {
            let tile = part.grid.tile(index)
            let (rows, columns) = part.grid.valid(tile)
            let (y, x) = (part.grid.y(row: tile.row), part.grid.x(column: tile.column))
            for i in 0..<rows {
              for j in 0..<columns {
                seen[[tile.n, y + i, x + j], default: 0] += 1
                let (row, column) = (
                  division.rows.tile(of: y + i), division.columns.tile(of: x + j)
                )
                #expect(row == (part.sides.rows, y) && column == (part.sides.columns, x))
              }
            }
          }
        }
        #expect(seen.count == p.mb * height * width && seen.values.allSatisfy { $0 == 1 })
      }
    }
  }

  /// Blocks of any size have every tile once, and those that have a plane side by side.
  @Test func blocksHaveEveryTileOnce() throws {
    let p = try ConvolutionProblem(mb: 3, ic: 1, ih: 16, iw: 15, oc: 1, kh: 3, kw: 3)
    for tiles in WinogradTiles.generated where tiles.r == 3 {
      let division = tiles.division(of: p)
      for most in [1, 2, 3, 7, division.units] {
        var seen = division.parts.map { [Int](repeating: 0, count: $0.grid.count) }
        for units in RegisterTiling.split(division.units, most: most) {
          let block = division.block(units)
          #expect(block.count == units.count * division.unitTiles)
          for piece in block.pieces {
            for tile in piece.tiles { seen[piece.part][tile] += 1 }
          }
          for wideOnly in [TileSides()] + TileSides.narrow {
            let having = block.pieces.filter { !wideOnly.meets($0.sides) }
            let places = having.flatMap { $0.first..<$0.first + $0.tiles.count }
            #expect(places == Array(block.tiles(wideOnly: wideOnly)))
          }
        }
        #expect(seen.joined().allSatisfy { $0 == 1 })
      }
    }
  }

  /// A Winograd plan of two sizes with blocks of `tiles`.
  private struct Forced: ConvolutionBackend {
    let name = "winograd"
    let summary = ""
    let variants: [String] = []
    let tiles: WinogradTiles
    let schedule: TransformSchedule

    func validate(_ problem: ConvolutionProblem, _ options: PlanOptions) throws(Unsupported) {}

    func makePlan(
      _ problem: ConvolutionProblem, _ options: PlanOptions
    ) throws(PlanError) -> any ConvolutionPlan {
      let transform = WinogradTransform(tiles, kernels: options.isa.kernels)
      do {
        return try TransformPlan(
          problem, options, transform: transform, schedule: schedule, name: tiles.name,
          errorBound: WinogradBound(tiles))
      } catch { throw .memory(error) }
    }
  }

  /// Blocks of wide rows, of narrow rows and of both, of one image and of several.
  @Test(arguments: InstructionSet.available, LayoutRequest.allCases)
  func everyBlockAgreesWithReference(_ isa: InstructionSet, _ layout: LayoutRequest) throws {
    var count = 0
    for (i, tiles) in Self.mixed.enumerated() {
      for (height, width) in [(7, 13), (13, 7), (14, 28), (19, 3)] {
        let p = try ConvolutionProblem(
          mb: 2, g: 2, ic: 10, ih: height, iw: width, oc: 38, kh: tiles.r, kw: tiles.r,
          ph: tiles.r / 2, pw: tiles.r / 2)
        guard tiles.divides(p) else { continue }
        let division = tiles.division(of: p)
        for rows in [1, 2, 3, division.units] {
          let most = rows * division.unitTiles
          for schedule in [
            TransformSchedule.fused(tiles: most), .staged(tiles: most), .raw(tiles: most),
          ] {
            let options = PlanOptions(
              isa: isa, threads: 1 + count % 3, layout: layout, bias: i % 2 == 0, relu: rows == 2)
            let verification = Verification(
              problem: p, backend: Forced(tiles: tiles, schedule: schedule), options: options)
            let failure = try verification.failure(.normal)
            #expect(failure == nil, "\(p) \(tiles.name) \(schedule) \(options)")
            count += 1
          }
        }
      }
    }
    #expect(count > 90)
  }

  /// 49 planes; narrow tiles of 4 lack one of 7 down and across.
  @Test func planesOfPartsAreCounted() throws {
    let tiles = try #require(Self.mixed.first { $0.name == "f5+4" })
    let transform = WinogradTransform(tiles, kernels: InstructionSet.generic.kernels)
    let p = try ConvolutionProblem(ic: 1, ih: 16, iw: 16, oc: 1, kh: 3, kw: 3)
    let division = transform.division(of: p)
    #expect(transform.planes(division) == [42, 49, 42, 36])
    #expect(transform.planeCounts.map(\.count).reduce(0, +) == 49)
    // 14 = 5 + 5 + 4: 20 · 20 products.
    let products = transform.planeCounts.reduce(0) {
      $0 + $1.count * division.tiles(wideOnly: $1.wideOnly)
    }
    #expect(products == 400)
    let plan = try TransformPlan(
      p, PlanOptions(isa: .generic, threads: 1), transform: transform,
      schedule: .staged(tiles: 9), name: "f5+4", errorBound: WinogradBound(tiles))
    #expect(
      plan.phases[.product]?.flops == Double(2 * 400 * InstructionSet.generic.kernels.lanes))
  }

  @Test func tilesOfOneSizeAreSaid() throws {
    let p = try ConvolutionProblem(ic: 16, ih: 14, iw: 14, oc: 16, kh: 3, kw: 3)
    var options = PlanOptions(isa: .best, threads: 1)
    options.variant = "f6+4"
    let error = try #require(throws: Unsupported.self) {
      try WinogradBackend().validate(p, options)
    }
    #expect(
      error.reason == "f6+4: tiles of one size divide 12x12 outputs with no more products")
  }
}
