// One product of square matrices, divided among workers: each computes a rectangle of the result.

/// A division of a square into rectangles of about equal size.
struct MatrixGrid: Sendable {
    let size: Int
    let rowParts: Int
    let columnParts: Int

    /// The most square grid of exactly `parts` rectangles.
    init(size: Int, parts: Int) {
        self.size = size
        var columns = 1
        var divisor = 1
        while divisor * divisor <= parts {
            if parts.isMultiple(of: divisor) { columns = divisor }
            divisor += 1
        }
        columnParts = columns
        rowParts = parts / columns
    }

    var count: Int { rowParts * columnParts }

    /// The rectangle of one worker; empty where there are more workers than 32 x 32 squares.
    func part(_ index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        (
            slice(index / columnParts, of: rowParts),
            slice(index % columnParts, of: columnParts)
        )
    }

    /// Slices start at multiples of 32, so that no two workers share a cache line.
    private func slice(_ index: Int, of parts: Int) -> Range<Int> {
        let units = size / 32
        return units * index / parts * 32..<units * (index + 1) / parts * 32
    }
}
