// The lane chain: in every round many lanes, each a computation that needs nothing but the round's
// key and its own number. The digests of all lanes hash to the round's root, and the root keys the
// next round, so that the rounds follow one another.
//
// A lane is checked by computing it again. Lanes know nothing of each other, so two machines can
// share them between themselves: what that proves is what the two do together (see Benchmarking).

import Primitives

/// What one lane of a kernel computes.
public struct LaneComputation: Sendable {
    /// Bytes of a lane's digest.
    public static let digestBytes = 32

    /// Writes the digests of lanes `first ..< first + count` of a round, 32 bytes each.
    ///
    /// It must be the same for every division into calls, on every machine: a verifier calls it for
    /// one lane at a time.
    public typealias Run =
        @Sendable (
            _ key: [UInt8], _ first: UInt64, _ count: Int, _ steps: Int,
            _ digests: UnsafeMutablePointer<UInt8>
        ) -> Void

    /// What one step of one lane counts for, in the kernel's unit.
    public let workPerStep: UInt64
    package let run: Run

    /// A computation of lanes.
    public init(workPerStep: UInt64, run: @escaping Run) {
        self.workPerStep = workPerStep
        self.run = run
    }
}

/// The shape of a round.
struct LaneChainShape {
    /// Lanes whose digests share a leaf.
    static let lanesPerLeaf = 16
    /// Bytes of a leaf.
    static let leafBytes = lanesPerLeaf * LaneComputation.digestBytes

    let lanes: Int
    let steps: Int
    let rounds: Int

    /// Leaves in the tree of a round.
    var leaves: Int { lanes / Self.lanesPerLeaf }
    /// Bytes of all digests of a round.
    var roundBytes: Int { lanes * LaneComputation.digestBytes }
}

/// Runs a lane chain and keeps the digests for the openings.
final class LaneChainProver {
    private let lane: LaneComputation
    private let shape: LaneChainShape
    private let digests: AlignedBuffer<UInt8>
    private var trees: [CommitmentTree] = []
    private var openings: ArraySlice<ChallengeMessage.Opening> = []

    /// Takes all the memory a run needs.
    init(_ lane: LaneComputation, lanes: Int, steps: Int, rounds: Int) {
        self.lane = lane
        shape = LaneChainShape(lanes: lanes, steps: steps, rounds: rounds)
        digests = AlignedBuffer(count: shape.roundBytes * rounds, repeating: 0)
    }

    /// Runs `limit` rounds, or all, and returns their roots.
    func run(_ key: ChallengeKey, workers: Workers, rounds limit: Int? = nil) -> [Digest] {
        trees = []
        var root = key.firstRoot
        for round in 1...max(1, min(limit ?? shape.rounds, shape.rounds)) {
            let tree = self.round(round, key.round(round, after: root), workers: workers)
            trees.append(tree)
            root = tree.root
        }
        return trees.map(\.root)
    }

    private func round(_ round: Int, _ roundKey: [UInt8], workers: Workers) -> CommitmentTree {
        let (lane, shape, digests) = (lane, shape, digests)
        let first = (round - 1) * shape.roundBytes
        let leaves = AlignedBuffer<Digest>(count: shape.leaves, repeating: .zero)
        workers.forEach(shape.leaves) { leaf in
            let offset = first + leaf * LaneChainShape.leafBytes
            lane.run(
                roundKey, UInt64(leaf * LaneChainShape.lanesPerLeaf), LaneChainShape.lanesPerLeaf,
                shape.steps, digests.start + offset)
            leaves.start[leaf] = CommitmentTree.leaf(
                digests.bytes(from: offset, count: LaneChainShape.leafBytes))
        }
        return CommitmentTree(leaves: (0..<shape.leaves).map { leaves.start[$0] })
    }

    /// Takes what the verifier wants to see; throws `challenge.parameters` for what does not exist.
    func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal) {
        guard
            openings.allSatisfy({
                (1...UInt32(trees.count)).contains($0.pass) && $0.block < UInt32(shape.lanes)
            })
        else {
            throw Refusal(
                "challenge.parameters", "an opening names a round or lane that is not there")
        }
        self.openings = openings[...]
    }

    /// The next piece of the proof, or nil when all was given.
    func nextProof() -> ChallengeMessage.ProofPiece? {
        guard !openings.isEmpty else { return nil }
        let most = ChallengeMessage.pieceLimit / (4 * LaneChainShape.leafBytes)
        let part = openings.prefix(most)
        openings = openings.dropFirst(most)
        return .leaves(part.map(proof))
    }

    private func proof(_ opening: ChallengeMessage.Opening) -> ChallengeMessage.LeafProof {
        let round = Int(opening.pass) - 1
        let leaf = Int(opening.block) / LaneChainShape.lanesPerLeaf
        let offset = round * shape.roundBytes + leaf * LaneChainShape.leafBytes
        return ChallengeMessage.LeafProof(
            opening: opening,
            content: Array(digests.bytes(from: offset, count: LaneChainShape.leafBytes)),
            path: trees[round].path(of: leaf))
    }
}

/// Checks opened lanes by computing them again.
struct LaneChainVerifier {
    private let lane: LaneComputation
    private let shape: LaneChainShape
    private let key: ChallengeKey
    private let roots: [Digest]
    private var awaited: ArraySlice<ChallengeMessage.Opening>

    init(
        _ lane: LaneComputation, lanes: Int, steps: Int, key: ChallengeKey, roots: [Digest],
        openings: [ChallengeMessage.Opening]
    ) {
        self.lane = lane
        shape = LaneChainShape(lanes: lanes, steps: steps, rounds: roots.count)
        self.key = key
        self.roots = roots
        awaited = openings[...]
    }

    /// Whether every opening was read and found right.
    var isComplete: Bool { awaited.isEmpty }

    /// Takes the next openings; throws the code of what is wrong with them.
    mutating func accept(_ piece: ChallengeMessage.ProofPiece) throws(Refusal) {
        guard case .leaves(let leaves) = piece, !leaves.isEmpty, leaves.count <= awaited.count,
            zip(leaves, awaited).allSatisfy({ $0.opening == $1 })
        else {
            throw Refusal("challenge.proof-order", "these are not the openings asked for")
        }
        for leaf in leaves { try check(leaf) }
        awaited = awaited.dropFirst(leaves.count)
    }

    private func check(_ proof: ChallengeMessage.LeafProof) throws(Refusal) {
        let (round, number) = (Int(proof.opening.pass), Int(proof.opening.block))
        let leaf = proof.content.withUnsafeBytes { CommitmentTree.leaf($0) }
        let root = CommitmentTree.root(
            of: leaf, at: number / LaneChainShape.lanesPerLeaf, of: shape.leaves, path: proof.path)
        guard proof.content.count == LaneChainShape.leafBytes, root == roots[round - 1] else {
            throw Refusal(
                "challenge.root-mismatch",
                "the opening of round \(round), lane \(number) does not lead to its root")
        }
        let roundKey = key.round(round, after: round == 1 ? key.firstRoot : roots[round - 2])
        var digest = [UInt8](repeating: 0, count: LaneComputation.digestBytes)
        lane.run(roundKey, UInt64(number), 1, shape.steps, &digest)
        let start = number % LaneChainShape.lanesPerLeaf * LaneComputation.digestBytes
        guard digest.elementsEqual(proof.content[start..<start + digest.count]) else {
            throw Refusal(
                "challenge.wrong-digest",
                "lane \(number) of round \(round) does not hold what computing it gives")
        }
    }
}
