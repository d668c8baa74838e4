// What the chains of small units have in common: every round writes a few bytes a unit,
// neighbouring units share a leaf of the round's tree, and the verifier asks to see the leaves of
// units that it draws after the roots are fixed.

package import Primitives

/// How units lie in leaves.
package struct UnitShape: Sendable {
    /// Units in a round.
    let units: Int
    /// Units that share a leaf.
    let unitsPerLeaf: Int
    /// Bytes of a leaf.
    package let leafBytes: Int
    /// Leaves that one piece of work writes.
    var leavesPerPiece = 1

    /// Leaves in the tree of a round.
    package var leaves: Int { units / unitsPerLeaf }
    /// Pieces of work in a round.
    var pieces: Int { leaves / leavesPerPiece }
    /// Bytes of all leaves of a round.
    package var roundBytes: Int { leaves * leafBytes }
}

/// Shows the leaves of the units that are asked for, wherever the leaves are kept.
package struct UnitOpenings {
    private let shape: UnitShape
    private var asked: AskedOpenings

    /// Nothing was asked for yet.
    package init(_ shape: UnitShape, rounds: Int) {
        self.shape = shape
        asked = AskedOpenings(of: "unit", rounds: rounds, count: shape.units)
    }

    /// Takes what the verifier wants to see; throws `challenge.parameters` for what does not exist.
    package mutating func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal) {
        try asked.ask(openings)
    }

    /// The next piece of the proof, or nil when all was given.
    ///
    /// - Parameter leaf: gives the content of a leaf of a round (from 0), and its path.
    package mutating func nextProof(
        leaf: (_ leaf: Int, _ round: Int) -> (content: [UInt8], path: [Digest])
    ) -> ChallengeMessage.ProofPiece? {
        // A path is at most as long as a leaf and a few digests more.
        asked.next(ChallengeMessage.pieceLimit / (2 * (shape.leafBytes + 512))).map { part in
            .leaves(
                part.map { opening in
                    let (content, path) = leaf(
                        Int(opening.block) / shape.unitsPerLeaf, Int(opening.pass) - 1)
                    return ChallengeMessage.LeafProof(
                        opening: opening, content: content, path: path)
                })
        }
    }
}

/// Keeps the leaves of every round, and shows those that are asked for.
final class UnitCommitments {
    private let shape: UnitShape
    private let content: AlignedBuffer<UInt8>
    private var trees: [CommitmentTree] = []
    private var openings: UnitOpenings

    /// Takes the memory of all rounds.
    init(_ shape: UnitShape, rounds: Int) {
        self.shape = shape
        openings = UnitOpenings(shape, rounds: rounds)
        content = AlignedBuffer(count: shape.roundBytes * rounds, repeating: 0)
    }

    /// Forgets what was committed to.
    func reset() { trees = [] }

    /// The roots of the rounds so far.
    var roots: [Digest] { trees.map(\.root) }

    /// Has every piece of the next round written, and commits to it.
    ///
    /// - Parameter write: writes the leaves of one piece, side by side, from `bytes` on.
    func commit(
        _ workers: Workers,
        write: @Sendable (_ piece: Int, _ bytes: UnsafeMutablePointer<UInt8>) -> Void
    ) -> Digest {
        let (shape, content) = (shape, content)
        let first = trees.count * shape.roundBytes
        let leaves = AlignedBuffer<Digest>(count: shape.leaves, repeating: .zero)
        workers.forEach(shape.pieces) { piece in
            let start = piece * shape.leavesPerPiece
            write(piece, content.start + first + start * shape.leafBytes)
            for leaf in start..<start + shape.leavesPerPiece {
                leaves.start[leaf] = CommitmentTree.leaf(
                    content.bytes(from: first + leaf * shape.leafBytes, count: shape.leafBytes))
            }
        }
        let tree = CommitmentTree(leaves: (0..<shape.leaves).map { leaves.start[$0] })
        trees.append(tree)
        return tree.root
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
        openings.nextProof { leaf, round in
            let offset = round * shape.roundBytes + leaf * shape.leafBytes
            return (
                Array(content.bytes(from: offset, count: shape.leafBytes)),
                trees[round].path(of: leaf)
            )
        }
    }
}

/// Reads the leaves that were asked for, in order, and sees to it that each leads to its root.
struct UnitReader {
    private let shape: UnitShape
    private let roots: [Digest]
    private var awaited: ArraySlice<ChallengeMessage.Opening>

    init(_ shape: UnitShape, roots: [Digest], openings: [ChallengeMessage.Opening]) {
        self.shape = shape
        self.roots = roots
        awaited = openings[...]
    }

    /// Whether every opening was read.
    var isComplete: Bool { awaited.isEmpty }

    /// Takes the next leaves; throws the code of what is wrong with them. What they hold is for the
    /// caller to check.
    mutating func read(_ piece: ChallengeMessage.ProofPiece) throws(Refusal)
        -> [ChallengeMessage.LeafProof]
    {
        guard case .leaves(let leaves) = piece, !leaves.isEmpty, leaves.count <= awaited.count,
            zip(leaves, awaited).allSatisfy({ $0.opening == $1 })
        else {
            throw Refusal("challenge.proof-order", "these are not the openings asked for")
        }
        for leaf in leaves { try checkPath(leaf) }
        awaited = awaited.dropFirst(leaves.count)
        return leaves
    }

    private func checkPath(_ proof: ChallengeMessage.LeafProof) throws(Refusal) {
        let leaf = proof.content.withUnsafeBytes { CommitmentTree.leaf($0) }
        let root = CommitmentTree.root(
            of: leaf, at: Int(proof.opening.block) / shape.unitsPerLeaf, of: shape.leaves,
            path: proof.path)
        guard proof.content.count == shape.leafBytes, root == roots[Int(proof.opening.pass) - 1]
        else {
            throw Refusal(
                "challenge.root-mismatch",
                "the opening of unit \(proof.opening.block) of round \(proof.opening.pass) does not"
                    + " lead to its root")
        }
    }
}
