// The walk chain: how long memory takes to answer, and whether it is there. A table of pages that
// are dear to make grows from the seed; chains walk through it, every read at a place that the read
// before decides. The states after every few steps are committed to.
//
// A segment is checked by walking it again without the table, which takes a page of work a step: a
// prover without the memory would have to do the same for every read. Segments follow one another:
// leaves hold the states at both of their ends, and two neighbouring leaves are always opened
// together, so that nobody walks many segments at once to hide the latency.

import CKernels
import Cryptography
import Primitives

/// The shape of a walk chain.
package struct WalkChainShape: Sendable {
    /// Segments that share a leaf.
    package static let segmentsPerLeaf = 16
    /// Leaves of a chain in a round.
    package static let leavesPerChain = 16
    /// Segments of a chain in a round.
    package static let segmentsPerChain = segmentsPerLeaf * leavesPerChain
    /// Bytes of a leaf: the states before, between and after its segments.
    package static let leafBytes = 8 * (segmentsPerLeaf + 1)

    package let pages: Int
    package let chains: Int
    package let steps: Int
    package let rounds: Int

    /// A table of so many pages, and chains that walk through it.
    package init(pages: Int, chains: Int, steps: Int, rounds: Int) {
        self.pages = pages
        self.chains = chains
        self.steps = steps
        self.rounds = rounds
    }

    /// Entries of the table.
    package var entries: Int { pages * Int(MEMORY_PAGE_ENTRIES) }
    /// How the segments lie in leaves.
    package var units: UnitShape {
        UnitShape(
            units: chains * Self.segmentsPerChain, unitsPerLeaf: Self.segmentsPerLeaf,
            leafBytes: Self.leafBytes, leavesPerPiece: Self.leavesPerChain)
    }

    /// Where a chain begins in a round.
    package static func start(_ roundKey: [UInt8], chain: Int) -> UInt64 {
        var number = UInt64(chain).littleEndian
        return SHA256.hash(roundKey + withUnsafeBytes(of: &number) { Array($0) }).prefix64
    }

    /// Segments drawn from a key that stays with the verifier until the roots are fixed; beside
    /// each one of the leaf next to its own, so that two leaves come in the order of the chain.
    static func openings(
        _ count: Int, chains: Int, rounds: Int, checkKey: Digest
    ) -> [ChallengeMessage.Opening] {
        ChallengeMessage.Opening.drawn(
            count, rounds: rounds, units: chains * segmentsPerChain, checkKey: checkKey
        ).flatMap { drawn in
            let leaf = Int(drawn.block) / segmentsPerLeaf
            let isLast = leaf % leavesPerChain == leavesPerChain - 1
            let other = ChallengeMessage.Opening(
                pass: drawn.pass,
                block: UInt32(isLast ? leaf * segmentsPerLeaf - 1 : (leaf + 1) * segmentsPerLeaf))
            return isLast ? [other, drawn] : [drawn, other]
        }
    }
}

/// Runs a walk chain and keeps the states for the openings.
final class WalkChainProver {
    private let shape: WalkChainShape
    private let table: AlignedBuffer<UInt64>
    private let commitments: UnitCommitments

    /// Takes all the memory a run needs.
    init(_ shape: WalkChainShape) {
        self.shape = shape
        table = AlignedBuffer(count: shape.entries, repeating: 0)
        commitments = UnitCommitments(shape.units, rounds: shape.rounds)
    }

    /// Makes the table, runs `limit` rounds, or all, and returns their roots.
    func run(_ key: ChallengeKey, workers: Workers, rounds limit: Int? = nil) -> [Digest] {
        let (shape, table) = (shape, table)
        let (tableKey, group) = (key.start, Int(MEMORY_PAGE_GROUP))
        workers.forEach(shape.pages / group) { part in
            memory_fill(
                tableKey, UInt64(part * group), group,
                table.start + part * group * Int(MEMORY_PAGE_ENTRIES))
        }
        commitments.reset()
        var root = key.firstRoot
        for round in 1...max(1, min(limit ?? shape.rounds, shape.rounds)) {
            let roundKey = key.round(round, after: root)
            root = commitments.commit(workers) { chain, leaves in
                WalkChainProver.walk(shape, table, from: roundKey, chain: chain, into: leaves)
            }
        }
        return commitments.roots
    }

    private static func walk(
        _ shape: WalkChainShape, _ table: AlignedBuffer<UInt64>, from roundKey: [UInt8],
        chain: Int, into leaves: UnsafeMutablePointer<UInt8>
    ) {
        let out = UnsafeMutableRawPointer(leaves)
        var state = WalkChainShape.start(roundKey, chain: chain)
        for leaf in 0..<WalkChainShape.leavesPerChain {
            let first = leaf * WalkChainShape.leafBytes
            out.storeBytes(of: state.littleEndian, toByteOffset: first, as: UInt64.self)
            for segment in 1...WalkChainShape.segmentsPerLeaf {
                state = memory_walk(
                    table.start, UInt64(shape.entries), state, UInt64(shape.steps))
                out.storeBytes(
                    of: state.littleEndian, toByteOffset: first + 8 * segment, as: UInt64.self)
            }
        }
    }

    /// Takes what the verifier wants to see; throws `challenge.parameters` for what does not exist.
    func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal) {
        try commitments.open(openings)
    }

    /// The next piece of the proof, or nil when all was given.
    func nextProof() -> ChallengeMessage.ProofPiece? { commitments.nextProof() }
}

/// Checks opened segments by walking them without the table.
struct WalkChainVerifier {
    private let shape: WalkChainShape
    private let key: ChallengeKey
    private let roots: [Digest]
    private var reader: UnitReader
    /// The leaf that was read last, when the next is its neighbour.
    private var before: ChallengeMessage.LeafProof?

    init(
        _ shape: WalkChainShape, key: ChallengeKey, roots: [Digest],
        openings: [ChallengeMessage.Opening]
    ) {
        self.shape = shape
        self.key = key
        self.roots = roots
        reader = UnitReader(shape.units, roots: roots, openings: openings)
    }

    /// Whether every opening was read and found right.
    var isComplete: Bool { reader.isComplete }

    /// Takes the next openings; throws the code of what is wrong with them.
    mutating func accept(_ piece: ChallengeMessage.ProofPiece) throws(Refusal) {
        for leaf in try reader.read(piece) {
            try check(leaf)
            if let left = before {
                guard state(left, WalkChainShape.segmentsPerLeaf) == state(leaf, 0) else {
                    throw WalkChainVerifier.wrong(leaf, "does not begin where the one before ends")
                }
                before = nil
            } else {
                before = leaf
            }
        }
    }

    private func state(_ proof: ChallengeMessage.LeafProof, _ index: Int) -> UInt64 {
        proof.content.withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
    }

    private func check(_ proof: ChallengeMessage.LeafProof) throws(Refusal) {
        let (round, number) = (Int(proof.opening.pass), Int(proof.opening.block))
        let segment = number % WalkChainShape.segmentsPerLeaf
        let (chain, place) = (
            number / WalkChainShape.segmentsPerChain, number % WalkChainShape.segmentsPerChain
        )
        if place < WalkChainShape.segmentsPerLeaf {
            let roundKey = key.round(round, after: round == 1 ? key.firstRoot : roots[round - 2])
            guard state(proof, 0) == WalkChainShape.start(roundKey, chain: chain) else {
                throw WalkChainVerifier.wrong(proof, "does not begin where its round says")
            }
        }
        let end = memory_replay(
            key.start, UInt64(shape.entries), state(proof, segment), UInt64(shape.steps))
        guard end == state(proof, segment + 1) else {
            throw WalkChainVerifier.wrong(proof, "does not end where walking it does")
        }
    }

    private static func wrong(_ proof: ChallengeMessage.LeafProof, _ what: String) -> Refusal {
        Refusal(
            "challenge.wrong-digest",
            "segment \(proof.opening.block) of round \(proof.opening.pass) \(what)")
    }
}
