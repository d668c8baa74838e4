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

    /// How the lanes' digests lie in leaves.
    static func units(lanes: Int) -> UnitShape {
        UnitShape(
            units: lanes, unitsPerLeaf: lanesPerLeaf,
            leafBytes: lanesPerLeaf * LaneComputation.digestBytes)
    }
}

/// Runs a lane chain and keeps the digests for the openings.
final class LaneChainProver {
    private let lane: LaneComputation
    private let steps: Int
    private let rounds: Int
    private let commitments: UnitCommitments

    /// Takes all the memory a run needs.
    init(_ lane: LaneComputation, lanes: Int, steps: Int, rounds: Int) {
        self.lane = lane
        self.steps = steps
        self.rounds = rounds
        commitments = UnitCommitments(LaneChainShape.units(lanes: lanes), rounds: rounds)
    }

    /// Runs `limit` rounds, or all, and returns their roots.
    func run(_ key: ChallengeKey, workers: Workers, rounds limit: Int? = nil) -> [Digest] {
        let (lane, steps) = (lane, steps)
        commitments.reset()
        var root = key.firstRoot
        for round in 1...max(1, min(limit ?? rounds, rounds)) {
            let roundKey = key.round(round, after: root)
            root = commitments.commit(workers) { leaf, digests in
                let first = UInt64(leaf * LaneChainShape.lanesPerLeaf)
                lane.run(roundKey, first, LaneChainShape.lanesPerLeaf, steps, digests)
            }
        }
        return commitments.roots
    }

    /// Takes what the verifier wants to see; throws `challenge.parameters` for what does not exist.
    func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal) {
        try commitments.open(openings)
    }

    /// The next piece of the proof, or nil when all was given.
    func nextProof() -> ChallengeMessage.ProofPiece? { commitments.nextProof() }
}

/// Checks opened lanes by computing them again.
struct LaneChainVerifier {
    private let lane: LaneComputation
    private let steps: Int
    private let key: ChallengeKey
    private let roots: [Digest]
    private var reader: UnitReader

    init(
        _ lane: LaneComputation, lanes: Int, steps: Int, key: ChallengeKey, roots: [Digest],
        openings: [ChallengeMessage.Opening]
    ) {
        self.lane = lane
        self.steps = steps
        self.key = key
        self.roots = roots
        reader = UnitReader(LaneChainShape.units(lanes: lanes), roots: roots, openings: openings)
    }

    /// Whether every opening was read and found right.
    var isComplete: Bool { reader.isComplete }

    /// Takes the next openings; throws the code of what is wrong with them.
    mutating func accept(_ piece: ChallengeMessage.ProofPiece) throws(Refusal) {
        for leaf in try reader.read(piece) { try check(leaf) }
    }

    private func check(_ proof: ChallengeMessage.LeafProof) throws(Refusal) {
        let (round, number) = (Int(proof.opening.pass), Int(proof.opening.block))
        let roundKey = key.round(round, after: round == 1 ? key.firstRoot : roots[round - 2])
        var digest = [UInt8](repeating: 0, count: LaneComputation.digestBytes)
        lane.run(roundKey, UInt64(number), 1, steps, &digest)
        let start = number % LaneChainShape.lanesPerLeaf * LaneComputation.digestBytes
        guard digest.elementsEqual(proof.content[start..<start + digest.count]) else {
            throw Refusal(
                "challenge.wrong-digest",
                "lane \(number) of round \(round) does not hold what computing it gives")
        }
    }
}
