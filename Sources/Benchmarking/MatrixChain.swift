// The matrix chain: X_t = (A_t X_{t-1} mod 127)^T with A_t drawn from the root of X_{t-1}.
//
// Operands are whole numbers in [-63, 63] and sums stay below 2^24, so single precision is exact and
// every machine gets the same bytes. The root makes the rounds strictly sequential; the transpose
// makes each round need all of the one before, so that it cannot be divided among far machines.
// A matrix is drawn, committed to and uploaded in bands of 32 rows.

import CKernels
import Cryptography
import Primitives

/// The shape of one matrix of a chain.
struct MatrixChainShape {
    /// Rows and columns.
    let size: Int
    /// Rows in a band.
    static let bandRows = Int(CHALLENGE_BAND_ROWS)

    /// Entries, and bytes, in a band.
    var bandCount: Int { size * Self.bandRows }
    /// Bands in a matrix.
    var bands: Int { size / Self.bandRows }
    /// Entries in a matrix.
    var count: Int { size * size }
}

/// Runs a matrix chain and keeps every round's matrix for the proof.
final class MatrixChainProver {
    private let shape: MatrixChainShape
    private let rounds: Int
    private let left: AlignedBuffer<Float>
    private let right: AlignedBuffer<Float>
    private let product: AlignedBuffer<Float>
    private var states: [AlignedBuffer<Int8>] = []
    private var nextPiece = (round: 0, band: 0)

    /// Takes all the memory a run needs.
    init(size: Int, rounds: Int) {
        shape = MatrixChainShape(size: size)
        self.rounds = rounds
        left = AlignedBuffer(count: shape.count, repeating: 0)
        right = AlignedBuffer(count: shape.count, repeating: 0)
        product = AlignedBuffer(count: shape.count, repeating: 0)
        for _ in 0..<rounds { states.append(AlignedBuffer(count: shape.count, repeating: 0)) }
    }

    /// Runs `limit` rounds, or all, and returns their roots.
    func run(_ key: ChallengeKey, workers: Workers, rounds limit: Int? = nil) -> [Digest] {
        nextPiece = (0, 0)
        draw(key.start, into: right, workers: workers)
        var roots: [Digest] = []
        var root = key.firstRoot
        for round in 0..<min(limit ?? rounds, rounds) {
            draw(key.round(round + 1, after: root), into: left, workers: workers)
            MatrixProduct.multiply(
                left, right, into: product, size: shape.size, workers: workers)
            root = commit(states[round], workers: workers)
            roots.append(root)
        }
        return roots
    }

    private func draw(_ key: [UInt8], into matrix: AlignedBuffer<Float>, workers: Workers) {
        let band = shape.bandCount
        workers.forEach(shape.bands) { index in
            challenge_operands_float(key, UInt64(index), matrix.start + index * band, band)
        }
    }

    /// Reduces and transposes the product into `state` and the next operand; returns its root.
    private func commit(_ state: AlignedBuffer<Int8>, workers: Workers) -> Digest {
        let (product, right, shape) = (product, right, shape)
        let leaves = AlignedBuffer<Digest>(count: shape.bands, repeating: .zero)
        workers.forEach(shape.bands) { band in
            let offset = band * shape.bandCount
            challenge_reduce_transposed(
                product.start, shape.size, band * MatrixChainShape.bandRows, state.start + offset,
                right.start + offset)
            leaves.start[band] = CommitmentTree.leaf(
                state.bytes(from: offset, count: shape.bandCount))
        }
        return CommitmentTree(leaves: (0..<shape.bands).map { leaves.start[$0] }).root
    }

    /// The next piece of the proof, or nil when all was given.
    func nextProof() -> ChallengeMessage.ProofPiece? {
        guard nextPiece.round < rounds else { return nil }
        let most = max(1, ChallengeMessage.pieceLimit / shape.bandCount)
        let count = min(most, shape.bands - nextPiece.band)
        let content = states[nextPiece.round].bytes(
            from: nextPiece.band * shape.bandCount, count: count * shape.bandCount)
        let piece = ChallengeMessage.ProofPiece.bands(
            round: UInt32(nextPiece.round + 1), first: UInt32(nextPiece.band),
            content: Array(content))
        nextPiece.band += count
        if nextPiece.band == shape.bands { nextPiece = (nextPiece.round + 1, 0) }
        return piece
    }
}

/// The product of two square matrices, divided among workers.
enum MatrixProduct {
    /// `product = left right`, every entry exact.
    static func multiply(
        _ left: AlignedBuffer<Float>, _ right: AlignedBuffer<Float>,
        into product: AlignedBuffer<Float>, size: Int, workers: Workers
    ) {
        let grid = Grid(size: size, width: workers.width)
        workers.forEach(grid.count) { index in
            let (rows, columns) = grid.part(index)
            guard !rows.isEmpty, !columns.isEmpty else { return }
            challenge_multiply(
                rows.count, columns.count, size, left.start + rows.lowerBound * size, size,
                right.start + columns.lowerBound, size,
                product.start + rows.lowerBound * size + columns.lowerBound, size)
        }
    }

    /// A division of a square into about as many equal rectangles as there are workers.
    struct Grid {
        let size: Int
        let rowParts: Int
        let columnParts: Int

        /// The most square grid with exactly `width` parts.
        init(size: Int, width: Int) {
            self.size = size
            var columns = 1
            var divisor = 1
            while divisor * divisor <= width {
                if width.isMultiple(of: divisor) { columns = divisor }
                divisor += 1
            }
            columnParts = columns
            rowParts = width / columns
        }

        var count: Int { rowParts * columnParts }

        func part(_ index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
            (
                slice(index / columnParts, of: rowParts), slice(index % columnParts, of: columnParts)
            )
        }

        /// Slices start at multiples of 32, so that no two workers share a cache line.
        private func slice(_ index: Int, of parts: Int) -> Range<Int> {
            let units = size / 32
            return units * index / parts * 32..<units * (index + 1) / parts * 32
        }
    }
}
