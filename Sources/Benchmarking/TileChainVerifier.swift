// Checking opened tiles by multiplying what they were made of: 32 columns of the round before,
// which are committed to, with 32 columns of the round's operand, which are drawn.

import Primitives

/// Checks the opened tiles of one chain.
struct TileChainVerifier {
    private let shape: TileChainShape
    private let format: MatrixFormat
    private let key: ChallengeKey
    private let roots: [Digest]
    private var awaited: ArraySlice<ChallengeMessage.Opening>

    init(
        _ format: MatrixFormat, size: Int, key: ChallengeKey, roots: [Digest],
        openings: [ChallengeMessage.Opening]
    ) {
        shape = TileChainShape(size: size, entryBytes: format.entryBytes)
        self.format = format
        self.key = key
        self.roots = roots
        awaited = openings[...]
    }

    /// Whether every opening was read and found right.
    var isComplete: Bool { awaited.isEmpty }

    /// Takes the next tiles; throws the code of what is wrong with them.
    mutating func accept(_ piece: ChallengeMessage.ProofPiece) throws(Refusal) {
        guard case .tiles(let tiles) = piece, !tiles.isEmpty, tiles.count <= awaited.count,
            zip(tiles, awaited).allSatisfy({ $0.opening == $1 })
        else {
            throw Refusal("challenge.proof-order", "these are not the tiles asked for")
        }
        for tile in tiles {
            try checkPaths(tile)
            // Every format of seven bits has the same residues: bytes give them soonest.
            if format == .double {
                try TileCheck<DoubleArithmetic>(shape: shape, key: key, roots: roots).check(tile)
            } else {
                try TileCheck<ByteArithmetic>(shape: shape, key: key, roots: roots).check(tile)
            }
        }
        awaited = awaited.dropFirst(tiles.count)
    }

    /// Sees to it that the tile leads to its round's root, and its panel to the root before.
    private func checkPaths(_ proof: ChallengeMessage.TileProof) throws(Refusal) {
        let (row, column) = shape.place(proof.opening)
        let round = Int(proof.opening.pass)
        let leaf = proof.tile.withUnsafeBytes { CommitmentTree.leaf($0) }
        let target = CommitmentTree.root(of: leaf, at: row, of: shape.panels, path: proof.tilePath)
        guard proof.tile.count == shape.tileBytes, let target,
            CommitmentTree.root(of: target, at: column, of: shape.panels, path: proof.columnPath)
                == roots[round - 1]
        else { throw TileChainVerifier.mismatch(proof) }
        guard round > 1 else {
            // What stands before the first round is drawn.
            guard proof.panel.isEmpty, proof.panelPath.isEmpty else {
                throw TileChainVerifier.mismatch(proof)
            }
            return
        }
        guard proof.panel.count == shape.panelBytes else { throw TileChainVerifier.mismatch(proof) }
        let panel = proof.panel.withUnsafeBytes { shape.tree($0).root }
        guard
            CommitmentTree.root(of: panel, at: row, of: shape.panels, path: proof.panelPath)
                == roots[round - 2]
        else { throw TileChainVerifier.mismatch(proof) }
    }

    private static func mismatch(_ proof: ChallengeMessage.TileProof) -> Refusal {
        Refusal(
            "challenge.root-mismatch",
            "the opening of round \(proof.opening.pass), tile \(proof.opening.block) does not lead"
                + " to its roots")
    }
}

/// Computes one tile again.
private struct TileCheck<Arithmetic: MatrixArithmetic> {
    let shape: TileChainShape
    let key: ChallengeKey
    let roots: [Digest]

    func check(_ proof: ChallengeMessage.TileProof) throws(Refusal) {
        let (row, column) = shape.place(proof.opening)
        let round = Int(proof.opening.pass)
        let (size, edge) = (shape.size, TileChainShape.edge)
        let left = AlignedBuffer(count: size * edge, repeating: Arithmetic.zero.operand)
        let right = AlignedBuffer(count: size * edge, repeating: Arithmetic.zero.operand)
        if round == 1 {
            Arithmetic.draw(key.start, row, left.start, left.count)
        } else {
            try read(proof.panel, into: left, proof)
        }
        let drawKey = key.round(round, after: round == 1 ? key.firstRoot : roots[round - 2])
        Arithmetic.draw(drawKey, column, right.start, right.count)
        let sums = AlignedBuffer(count: edge * edge, repeating: Arithmetic.zero.sum)
        let team = ProductTeam<Arithmetic>(rows: edge, columns: edge, depth: size, threads: 1)
        // A drawn panel lies column by column, an uploaded one row by row.
        let (aRow, aStep) = round == 1 ? (size, 1) : (1, edge)
        team.multiply(
            ProductTask(
                rows: edge, columns: edge, depth: size, a: UnsafePointer(left.start), aRow: aRow,
                aStep: aStep, b: UnsafePointer(right.start), bStep: 1, bColumn: size,
                c: sums.start, cRow: edge), workers: .serial)
        let expected = AlignedBuffer<Int8>(count: shape.tileBytes, repeating: 0)
        let unused = AlignedBuffer(count: edge * edge, repeating: Arithmetic.zero.operand)
        Arithmetic.reduce(sums.start, expected.start, unused.start, edge * edge)
        guard expected.bytes(from: 0, count: expected.count).elementsEqual(proof.tile) else {
            throw Refusal(
                "challenge.wrong-product",
                "tile \(proof.opening.block) of round \(round) is not the product asked for")
        }
    }

    private func read(
        _ bytes: [UInt8], into operands: AlignedBuffer<Arithmetic.Operand>,
        _ proof: ChallengeMessage.TileProof
    ) throws(Refusal) {
        let isInRange = bytes.withUnsafeBytes { bytes in
            guard let start = bytes.bindMemory(to: Int8.self).baseAddress else { return false }
            return Arithmetic.read(start, operands.start, operands.count)
        }
        guard isInRange else {
            throw Refusal(
                "challenge.out-of-range",
                "an entry that tile \(proof.opening.block) of round \(proof.opening.pass) is made"
                    + " of is no residue")
        }
    }
}
