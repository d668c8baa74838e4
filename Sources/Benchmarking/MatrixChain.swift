// The matrix chain: X_t = X_{t-1}^T B_t mod 127, with B_t drawn from the root of X_{t-1}.
//
// Operands are whole numbers in [-63, 63] and sums stay below 2^24, so single precision is exact
// and every machine gets the same bytes. The root makes the rounds strictly sequential; the
// transpose makes each round need all of the one before, so that it cannot be divided among far
// machines. (With A_t = B_t^T this is X_t = (A_t X_{t-1})^T; written this way nobody transposes
// anything.) A matrix is drawn, committed to and uploaded in bands of 32 rows.

import CKernels
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
    private let engine: any MatrixEngine
    private var kept: [AlignedBuffer<Int8>] = []
    private var nextPiece = (round: 0, band: 0)

    /// Takes all the memory a run with these workers needs.
    init(size: Int, rounds: Int, workers: Workers, format: MatrixFormat = .single) {
        shape = MatrixChainShape(size: size)
        self.rounds = rounds
        engine = format.engine(size: size, layout: .rows, workers: workers)
        for _ in 0..<rounds { kept.append(AlignedBuffer(count: shape.count, repeating: 0)) }
    }

    /// Runs `limit` rounds, or all, and returns their roots.
    func run(_ key: ChallengeKey, workers: Workers, rounds limit: Int? = nil) -> [Digest] {
        nextPiece = (0, 0)
        engine.start(key.start, workers: workers)
        var roots: [Digest] = []
        var root = key.firstRoot
        for round in 0..<min(limit ?? rounds, rounds) {
            engine.step(
                key.round(round + 1, after: root), into: kept[round], workers: workers)
            root = commit(to: kept[round], workers: workers)
            roots.append(root)
        }
        return roots
    }

    /// The root of a matrix's bytes.
    private func commit(to bytes: AlignedBuffer<Int8>, workers: Workers) -> Digest {
        let (count, bands) = (shape.bandCount, shape.bands)
        let leaves = AlignedBuffer<Digest>(count: bands, repeating: .zero)
        // Two bands at a time, which is how hashing is fastest.
        workers.forEach((bands + 1) / 2) { pair in
            let first = 2 * pair
            let content = min(2, bands - first) * count
            let digests = CommitmentTree.leaves(
                bytes.bytes(from: first * count, count: content), of: count)
            for (index, digest) in digests.enumerated() { leaves.start[first + index] = digest }
        }
        return CommitmentTree(leaves: (0..<shape.bands).map { leaves.start[$0] }).root
    }

    /// The next piece of the proof, or nil when all was given.
    func nextProof() -> ChallengeMessage.ProofPiece? {
        guard nextPiece.round < rounds else { return nil }
        let most = max(1, ChallengeMessage.pieceLimit / shape.bandCount)
        let count = min(most, shape.bands - nextPiece.band)
        let content = kept[nextPiece.round].bytes(
            from: nextPiece.band * shape.bandCount, count: count * shape.bandCount)
        let piece = ChallengeMessage.ProofPiece.bands(
            round: UInt32(nextPiece.round + 1), first: UInt32(nextPiece.band),
            content: Array(content))
        nextPiece.band += count
        if nextPiece.band == shape.bands { nextPiece = (nextPiece.round + 1, 0) }
        return piece
    }
}
