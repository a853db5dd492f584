import Networks

/// A table of text whose columns line up, and which gives up columns until it fits.
package struct TextGrid: Sendable {
  /// A column and how it is treated.
  package struct Column: Sendable {
    let title: String
    var isRightAligned = false
    /// Columns with the largest number go first when there is too little room; 0 stays.
    var dispensability = 0

    package init(title: String, isRightAligned: Bool = false, dispensability: Int = 0) {
      self.title = title
      self.isRightAligned = isRightAligned
      self.dispensability = dispensability
    }
  }

  /// A text and what it is; control characters are escaped.
  package struct Cell: Sendable, ExpressibleByStringInterpolation {
    var text: String
    var role: TerminalStyle.Role?

    package init(_ text: String, _ role: TerminalStyle.Role? = nil) {
      self.text = text.printable
      self.role = role
    }

    package init(stringLiteral value: String) { self.init(value) }
  }

  let columns: [Column]
  /// As many cells as columns in each.
  package var rows: [[Cell]] = []

  package init(columns: [Column]) { self.columns = columns }

  /// The lines, title first; nothing stands behind the last text of a line.
  package func lines(width: Int, style: TerminalStyle, indentation: Int = 0) -> [String] {
    let shown = columnsThatFit(width - indentation)
    let widths = shown.map(self.width)
    func line(_ cells: [Cell]) -> String {
      let padded = zip(shown, widths).map { column, width in
        let cell = cells[column]
        let padding = String(repeating: " ", count: width - cell.text.count)
        let text = style(cell.role, cell.text)
        return columns[column].isRightAligned ? padding + text : text + padding
      }
      let text = String(repeating: " ", count: indentation) + padded.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    let titles = columns.map { Cell($0.title, .faint) }
    return ([titles] + rows).map(line)
  }

  private func width(of column: Int) -> Int {
    rows.reduce(columns[column].title.count) { max($0, $1[column].text.count) }
  }

  private func columnsThatFit(_ room: Int) -> [Int] {
    var shown = columns.indices.filter { column in rows.contains { !$0[column].text.isEmpty } }
    func total() -> Int { shown.reduce(2 * (shown.count - 1)) { $0 + width(of: $1) } }
    while total() > room,
      let next = shown.max(by: { columns[$0].dispensability < columns[$1].dispensability }),
      columns[next].dispensability > 0
    {
      shown.removeAll { $0 == next }
    }
    return shown
  }
}

/// Breaks a text into lines of at most `width` characters at blanks; words that are longer stay whole.
package func wrapped(_ text: String, width: Int, indentation: Int) -> [String] {
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if !line.isEmpty, line.count + 1 + word.count > width - indentation {
      lines.append(line)
      line = ""
    }
    line += (line.isEmpty ? "" : " ") + word
  }
  if !line.isEmpty { lines.append(line) }
  return lines.map { String(repeating: " ", count: indentation) + $0 }
}
