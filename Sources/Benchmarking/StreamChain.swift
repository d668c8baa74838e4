// The stream chain: `a = rotl(b + s_t c, 23) ^ b` over three arrays that take turns, where s_t
// comes from the root over all block digests of the pass before.
//
// The factor forbids working on one block for several passes; the step is not linear, so there is
// no closed form. The verifier replays single blocks from the seed, which needs no other block.

import CKernels
import Cryptography
import Primitives

/// The sizes of a stream chain.
package struct StreamChainShape {
    /// Elements in a block.
    static let blockCount = Int(STREAM_CHAIN_BLOCK)
    /// Bytes in a block's digest.
    static let digestBytes = Int(STREAM_CHAIN_DIGEST)
    /// Bytes of a leaf: the digests of neighbouring blocks.
    static let leafBytes = digestBytes * ChallengeParameters.blocksPerLeaf
    /// Bytes that a pass moves for one block: two blocks read, one written.
    package static let bytesPerBlock = 24 * UInt64(STREAM_CHAIN_BLOCK)
    /// Blocks from which on stores should bypass the caches: 64 MiB in an array.
    static let streamingBlocks = 1024

    let blocks: Int
    let passes: Int

    /// So many blocks an array, and so many passes.
    package init(blocks: Int, passes: Int) {
        self.blocks = blocks
        self.passes = passes
    }

    /// How the blocks' digests lie in leaves.
    package var units: UnitShape {
        UnitShape(
            units: blocks, unitsPerLeaf: ChallengeParameters.blocksPerLeaf,
            leafBytes: Self.leafBytes)
    }

    /// The block from which all initial content is made.
    package static func baseBlock(_ key: ChallengeKey) -> [UInt64] {
        let seed = key.start
        var base = [UInt64](repeating: 0, count: blockCount)
        base.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
            challenge_random_bytes(seed, 0, start, bytes.count)
        }
        return base
    }

    /// Which of the three arrays pass `pass` (from 1) writes, and which it reads.
    package static func roles(pass: Int) -> (out: Int, b: Int, c: Int) {
        ((pass + 2) % 3, pass % 3, (pass + 1) % 3)
    }
}

/// Runs a stream chain and keeps the digests for the openings.
final class StreamChainProver {
    private let shape: StreamChainShape
    private let arrays: [AlignedBuffer<UInt64>]
    private let commitments: UnitCommitments

    /// Takes all the memory a run needs.
    init(blocks: Int, passes: Int) {
        shape = StreamChainShape(blocks: blocks, passes: passes)
        let count = blocks * StreamChainShape.blockCount
        arrays = (0..<3).map { _ in AlignedBuffer(count: count, repeating: 0) }
        commitments = UnitCommitments(shape.units, rounds: passes)
    }

    /// Runs `limit` passes, or all, and returns their roots.
    func run(_ key: ChallengeKey, workers: Workers, passes limit: Int? = nil) -> [Digest] {
        fill(StreamChainShape.baseBlock(key), workers: workers)
        commitments.reset()
        var root = key.firstRoot
        for pass in 1...max(1, min(limit ?? shape.passes, shape.passes)) {
            root = self.pass(pass, factor: key.factor(pass, after: root), workers: workers)
        }
        return commitments.roots
    }

    private func fill(_ base: [UInt64], workers: Workers) {
        let arrays = arrays
        workers.forEach(shape.units.leaves) { leaf in
            for block in Self.blocks(ofLeaf: leaf) {
                for (index, array) in arrays.enumerated() {
                    let offset = block * StreamChainShape.blockCount
                    stream_chain_fill(base, UInt64(index), UInt64(block), array.start + offset)
                }
            }
        }
    }

    private func pass(_ pass: Int, factor: UInt64, workers: Workers) -> Digest {
        let roles = StreamChainShape.roles(pass: pass)
        let (out, b, c) = (arrays[roles.out], arrays[roles.b], arrays[roles.c])
        let streaming: Int32 = shape.blocks >= StreamChainShape.streamingBlocks ? 1 : 0
        return commitments.commit(workers) { leaf, digests in
            let offset = leaf * ChallengeParameters.blocksPerLeaf * StreamChainShape.blockCount
            stream_chain_pass(
                out.start + offset, b.start + offset, c.start + offset, factor,
                ChallengeParameters.blocksPerLeaf, digests, streaming)
        }
    }

    private static func blocks(ofLeaf leaf: Int) -> Range<Int> {
        leaf * ChallengeParameters.blocksPerLeaf..<(leaf + 1) * ChallengeParameters.blocksPerLeaf
    }

    /// Takes what the verifier wants to see; throws `challenge.parameters` for what does not exist.
    func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal) {
        try commitments.open(openings)
    }

    /// The next piece of the proof, or nil when all was given.
    func nextProof() -> ChallengeMessage.ProofPiece? { commitments.nextProof() }
}

/// Checks opened blocks of one stream chain by replaying them.
struct StreamChainVerifier {
    private let factors: [UInt64]
    private let base: [UInt64]
    private var reader: UnitReader

    init(
        blocks: Int, key: ChallengeKey, roots: [Digest], openings: [ChallengeMessage.Opening]
    ) {
        let shape = StreamChainShape(blocks: blocks, passes: roots.count)
        reader = UnitReader(shape.units, roots: roots, openings: openings)
        factors = roots.indices.map { pass in
            key.factor(pass + 1, after: pass == 0 ? key.firstRoot : roots[pass - 1])
        }
        base = StreamChainShape.baseBlock(key)
    }

    /// Whether every opening was read and found right.
    var isComplete: Bool { reader.isComplete }

    /// Takes the next openings; throws the code of what is wrong with them.
    mutating func accept(_ piece: ChallengeMessage.ProofPiece) throws(Refusal) {
        for leaf in try reader.read(piece) { try check(leaf) }
    }

    private func check(_ proof: ChallengeMessage.LeafProof) throws(Refusal) {
        let (pass, block) = (Int(proof.opening.pass), Int(proof.opening.block))
        let start = block % ChallengeParameters.blocksPerLeaf * StreamChainShape.digestBytes
        guard
            replay(block: block, passes: pass)
                == Array(proof.content[start..<start + StreamChainShape.digestBytes])
        else {
            throw Refusal(
                "challenge.wrong-digest",
                "block \(block) after pass \(pass) does not hold what a replay gives")
        }
    }

    /// The digest of a block after some passes, from the seed.
    private func replay(block: Int, passes: Int) -> [UInt8] {
        let arrays = (0..<3).map { index in
            let array = AlignedBuffer<UInt64>(count: StreamChainShape.blockCount, repeating: 0)
            stream_chain_fill(base, UInt64(index), UInt64(block), array.start)
            return array
        }
        var digest = [UInt8](repeating: 0, count: StreamChainShape.digestBytes)
        for pass in 1...passes {
            let roles = StreamChainShape.roles(pass: pass)
            stream_chain_pass(
                arrays[roles.out].start, arrays[roles.b].start, arrays[roles.c].start,
                factors[pass - 1], 1, &digest, 0)
        }
        return digest
    }
}
