/// The three names nearest to `name`, nearest first, none so far that it shares too little with it.
package func nearest(to name: String, among names: [String]) -> [String] {
  // Beyond this, a name is no mistyped one, and the distance costs time.
  guard name.utf8.count <= 64 else { return [] }
  let limit = max(2, name.utf8.count / 3)
  var seen: Set<String> = []
  let ranked =
    names
    .filter { seen.insert($0).inserted }
    .map { (name: $0, distance: editDistance(name, $0)) }
    .filter { $0.distance <= limit }
    .enumerated()
    .sorted { ($0.element.distance, $0.offset) < ($1.element.distance, $1.offset) }
  return ranked.prefix(3).map(\.element.name)
}

/// Levenshtein's distance: the least number of bytes inserted, deleted or replaced that makes one
/// text the other.
func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a.utf8), Array(b.utf8))
  // row[j]: the distance between the first bytes of `a` so far and the first j bytes of `b`.
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
    }
  }
  return row[b.count]
}
