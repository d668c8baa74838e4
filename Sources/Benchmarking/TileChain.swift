// The tile chain: the matrix chain for matrices that are too large to upload or too dear to check
// whole. X_t = X_{t-1}^T B_t as before, but every round commits to tiles of 32 x 32 residues, and
// the verifier draws tiles to see: each with the 32 columns of X_{t-1} that it was made of.
//
// A tile of X_t at rows I and columns J is X_{t-1}[:, I]^T B_t[:, J]. So a matrix is committed to
// in panels of 32 columns, a tree of tiles in each and a tree over the panels, and B_t (like X_0)
// is drawn in panels too, of which a verifier draws the one it needs.

import CKernels
package import Primitives

/// The shape of one matrix of a tile chain.
package struct TileChainShape: Sendable {
    /// Rows and columns of a tile, and columns of a panel.
    package static let edge = Int(CHALLENGE_BAND_ROWS)

    /// Rows and columns of the matrix.
    package let size: Int
    /// Bytes of one residue.
    let entryBytes: Int

    /// Matrices of seven-bit residues of that size.
    package init(size: Int, entryBytes: Int = 1) {
        self.size = size
        self.entryBytes = entryBytes
    }

    /// Panels in a matrix, and tiles in a panel.
    package var panels: Int { size / Self.edge }
    /// Bytes of a tile.
    package var tileBytes: Int { Self.edge * Self.edge * entryBytes }
    /// Bytes of a panel.
    package var panelBytes: Int { size * Self.edge * entryBytes }

    /// The tree of one panel's tiles.
    func tree(_ panel: UnsafeRawBufferPointer) -> CommitmentTree {
        CommitmentTree(leaves: CommitmentTree.leaves(panel, of: tileBytes))
    }

    /// The tile's place: its panel, and its row in it.
    func place(_ opening: ChallengeMessage.Opening) -> (row: Int, column: Int) {
        (Int(opening.block) / panels, Int(opening.block) % panels)
    }
}

/// Shows the tiles that are asked for, wherever the matrices are kept.
package struct TileOpenings {
    private let shape: TileChainShape
    private var asked: AskedOpenings

    /// Nothing was asked for yet.
    package init(_ shape: TileChainShape, rounds: Int) {
        self.shape = shape
        asked = AskedOpenings(of: "tile", rounds: rounds, count: shape.panels * shape.panels)
    }

    /// Takes what the verifier wants to see; throws `challenge.parameters` for what does not exist.
    package mutating func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal) {
        try asked.ask(openings)
    }

    /// The next piece of the proof, or nil when all was given.
    ///
    /// - Parameters:
    ///   - panel: gives a panel of a round (from 0).
    ///   - tree: gives the tree over the panels of a round.
    package mutating func nextProof(
        panel: (_ panel: Int, _ round: Int) -> [UInt8], tree: (_ round: Int) -> CommitmentTree
    ) -> ChallengeMessage.ProofPiece? {
        asked.next(ChallengeMessage.tilesInPiece(shape)).map { part in
            .tiles(part.map { proof($0, panel, tree) })
        }
    }

    private func proof(
        _ opening: ChallengeMessage.Opening, _ panel: (Int, Int) -> [UInt8],
        _ tree: (Int) -> CommitmentTree
    ) -> ChallengeMessage.TileProof {
        let (row, column) = shape.place(opening)
        let round = Int(opening.pass) - 1
        let target = panel(column, round)
        let tile = target[row * shape.tileBytes..<(row + 1) * shape.tileBytes]
        return ChallengeMessage.TileProof(
            opening: opening, panel: round == 0 ? [] : panel(row, round - 1),
            panelPath: round == 0 ? [] : tree(round - 1).path(of: row), tile: Array(tile),
            tilePath: target.withUnsafeBytes { shape.tree($0) }.path(of: row),
            columnPath: tree(round).path(of: column))
    }
}

/// Runs a tile chain and keeps every round's matrix for the openings.
final class TileChainProver {
    private let shape: TileChainShape
    private let rounds: Int
    private let engine: any MatrixEngine
    private let flat: AlignedBuffer<Int8>
    private let kept: [AlignedBuffer<Int8>]
    private var trees: [CommitmentTree] = []
    private var openings: TileOpenings

    /// Takes all the memory a run with these workers needs.
    init(_ format: MatrixFormat, size: Int, rounds: Int, workers: Workers) {
        let shape = TileChainShape(size: size, entryBytes: format.entryBytes)
        self.shape = shape
        self.rounds = rounds
        openings = TileOpenings(shape, rounds: rounds)
        engine = format.engine(size: size, layout: .columns, workers: workers)
        let count = size * size * shape.entryBytes
        flat = AlignedBuffer(count: count, repeating: 0)
        kept = (0..<rounds).map { _ in AlignedBuffer(count: count, repeating: 0) }
    }

    /// Runs `limit` rounds, or all, and returns their roots.
    func run(_ key: ChallengeKey, workers: Workers, rounds limit: Int? = nil) -> [Digest] {
        trees = []
        engine.start(key.start, workers: workers)
        var root = key.firstRoot
        for round in 0..<min(limit ?? rounds, rounds) {
            engine.step(key.round(round + 1, after: root), into: flat, workers: workers)
            let tree = commit(keeping: kept[round], workers)
            trees.append(tree)
            root = tree.root
        }
        return trees.map(\.root)
    }

    /// Brings the rows into panels, and commits to them.
    private func commit(keeping panels: AlignedBuffer<Int8>, _ workers: Workers) -> CommitmentTree {
        let (shape, flat) = (shape, flat)
        let roots = AlignedBuffer<Digest>(count: shape.panels, repeating: .zero)
        let (across, along) = (
            TileChainShape.edge * shape.entryBytes, shape.size * shape.entryBytes
        )
        workers.forEach(shape.panels) { panel in
            let start = panels.start + panel * shape.panelBytes
            for row in 0..<shape.size {
                (start + row * across).update(
                    from: flat.start + row * along + panel * across, count: across)
            }
            roots.start[panel] =
                shape.tree(
                    panels.bytes(from: panel * shape.panelBytes, count: shape.panelBytes)
                ).root
        }
        return CommitmentTree(leaves: (0..<shape.panels).map { roots.start[$0] })
    }

    /// Takes what the verifier wants to see; throws `challenge.parameters` for what does not exist.
    func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal) {
        guard openings.allSatisfy({ $0.pass <= trees.count }) else {
            throw Refusal("challenge.parameters", "an opening names a round that was not run")
        }
        try self.openings.open(openings)
    }

    /// The next piece of the proof, or nil when all was given.
    func nextProof() -> ChallengeMessage.ProofPiece? {
        openings.nextProof(
            panel: { panel, round in
                Array(
                    kept[round].bytes(
                        from: panel * shape.panelBytes, count: shape.panelBytes))
            }, tree: { trees[$0] })
    }
}

extension ChallengeMessage {
    /// How many tiles of this shape one message may carry.
    static func tilesInPiece(_ shape: TileChainShape) -> Int {
        max(1, pieceLimit / (shape.panelBytes + shape.tileBytes + 4096))
    }
}
