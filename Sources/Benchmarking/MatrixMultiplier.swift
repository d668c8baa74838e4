// One product of square matrices, divided among workers: each computes a rectangle of the result.

import CKernels

/// Multiplies matrices of one size on some workers, with the workspace that takes.
struct MatrixMultiplier {
    private let grid: Grid
    private let workspaces: [AlignedBuffer<Float>]

    /// Takes a workspace for every worker.
    init(size: Int, workers: Workers) {
        grid = Grid(size: size, parts: workers.width)
        workspaces = (0..<grid.count).map { _ in
            AlignedBuffer(count: althing_gemm_workspace(), repeating: 0)
        }
    }

    /// `product = left^T right`.
    func multiply(
        transposed left: AlignedBuffer<Float>, by right: AlignedBuffer<Float>,
        into product: AlignedBuffer<Float>, workers: Workers
    ) {
        let size = grid.size
        workers.forEach(grid.count) { [grid, workspaces] index in
            let (rows, columns) = grid.part(index)
            guard !rows.isEmpty, !columns.isEmpty else { return }
            var task = althing_product(
                rows: rows.count, columns: columns.count, depth: size,
                a: left.start + rows.lowerBound, a_row: 1, a_step: size,
                b: right.start + columns.lowerBound, b_step: size, b_column: 1,
                c: product.start + rows.lowerBound * size + columns.lowerBound, c_row: size,
                accumulate: 0)
            althing_gemm(&task, workspaces[index].start)
        }
    }

    /// A division of a square into rectangles of about equal size.
    struct Grid {
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
}
