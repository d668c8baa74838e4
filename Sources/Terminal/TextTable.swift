// Tables: aligned columns for people, tab-separated lines for programs.

/// Rows under headings.
public struct TextTable: Sendable {
    /// A column.
    public struct Column: Sendable {
        /// Its heading.
        public let heading: String
        /// Whether its cells stand at its right edge, as numbers do.
        public let isNumber: Bool

        /// A column of text.
        public static func text(_ heading: String) -> Column {
            Column(heading: heading, isNumber: false)
        }
        /// A column of numbers.
        public static func number(_ heading: String) -> Column {
            Column(heading: heading, isNumber: true)
        }
    }

    /// The columns.
    public let columns: [Column]
    /// The rows; missing cells are empty.
    public private(set) var rows: [[String]] = []

    /// An empty table.
    public init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row. Control characters in cells are made visible.
    public mutating func add(_ cells: [String]) { rows.append(cells.map(Screen.sanitized)) }

    /// The table for a screen: aligned, with the widest text column cut where it does not fit; as
    /// tab-separated lines where nobody looks.
    public func lines(for screen: Screen) -> [String] {
        let all = [columns.map(\.heading)] + rows
        guard screen.isTerminal else {
            return all.map { row in
                columns.indices.map { $0 < row.count ? row[$0] : "" }.joined(separator: "\t")
            }
        }
        let widths = fitted(all, into: screen.columns)
        return all.enumerated().map { number, row in
            let line = columns.indices.map { index in
                cell(index < row.count ? row[index] : "", widths[index], columns[index].isNumber)
            }.joined(separator: "  ").trimmedRight
            return number == 0 ? screen.styled(line, .bold) : line
        }
    }

    /// Writes it.
    public func show(on screen: Screen) {
        for line in lines(for: screen) { screen.line(line) }
    }

    private func fitted(_ rows: [[String]], into total: Int) -> [Int] {
        var widths = columns.indices.map { index in
            rows.map { index < $0.count ? Screen.width(of: $0[index]) : 0 }.max() ?? 0
        }
        let gaps = 2 * max(0, columns.count - 1)
        let excess = widths.reduce(gaps, +) - total
        guard excess > 0 else { return widths }
        // Numbers are never cut: half a number is a wrong number.
        let texts = columns.indices.filter { !columns[$0].isNumber }
        if let widest = texts.max(by: { widths[$0] < widths[$1] }) {
            widths[widest] = max(8, widths[widest] - excess)
        }
        return widths
    }

    private func cell(_ text: String, _ width: Int, _ isNumber: Bool) -> String {
        var text = text
        if Screen.width(of: text) > width, !isNumber {
            while Screen.width(of: text) > width - 1, !text.isEmpty { text.removeLast() }
            text += "…"
        }
        let space = String(repeating: " ", count: max(0, width - Screen.width(of: text)))
        return isNumber ? space + text : text + space
    }
}

extension String {
    fileprivate var trimmedRight: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
