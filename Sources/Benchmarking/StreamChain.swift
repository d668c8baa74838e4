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
    static let bytesPerBlock = 24 * UInt64(STREAM_CHAIN_BLOCK)
    /// Blocks from which on stores should bypass the caches: 64 MiB in an array.
    static let streamingBlocks = 1024

    let blocks: Int
    let passes: Int

    /// Leaves in the tree of a pass.
    var leaves: Int { blocks / ChallengeParameters.blocksPerLeaf }

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
    private let digests: AlignedBuffer<UInt8>
    private var trees: [CommitmentTree] = []
    private var openings: ArraySlice<ChallengeMessage.Opening> = []

    /// Takes all the memory a run needs.
    init(blocks: Int, passes: Int) {
        shape = StreamChainShape(blocks: blocks, passes: passes)
        let count = blocks * StreamChainShape.blockCount
        arrays = (0..<3).map { _ in AlignedBuffer(count: count, repeating: 0) }
        digests = AlignedBuffer(
            count: blocks * passes * StreamChainShape.digestBytes, repeating: 0)
    }

    /// Runs `limit` passes, or all, and returns their roots.
    func run(_ key: ChallengeKey, workers: Workers, passes limit: Int? = nil) -> [Digest] {
        fill(StreamChainShape.baseBlock(key), workers: workers)
        trees = []
        var root = key.firstRoot
        for pass in 1...max(1, min(limit ?? shape.passes, shape.passes)) {
            let tree = self.pass(pass, factor: key.factor(pass, after: root), workers: workers)
            trees.append(tree)
            root = tree.root
        }
        return trees.map(\.root)
    }

    private func fill(_ base: [UInt64], workers: Workers) {
        let (shape, arrays) = (shape, arrays)
        workers.forEach(shape.leaves) { leaf in
            for block in Self.blocks(ofLeaf: leaf) {
                for (index, array) in arrays.enumerated() {
                    let offset = block * StreamChainShape.blockCount
                    stream_chain_fill(base, UInt64(index), UInt64(block), array.start + offset)
                }
            }
        }
    }

    private func pass(_ pass: Int, factor: UInt64, workers: Workers) -> CommitmentTree {
        let (shape, digests) = (shape, digests)
        let roles = StreamChainShape.roles(pass: pass)
        let (out, b, c) = (arrays[roles.out], arrays[roles.b], arrays[roles.c])
        let leaves = AlignedBuffer<Digest>(count: shape.leaves, repeating: .zero)
        let streaming: Int32 = shape.blocks >= StreamChainShape.streamingBlocks ? 1 : 0
        let firstDigest = (pass - 1) * shape.blocks * StreamChainShape.digestBytes
        workers.forEach(shape.leaves) { leaf in
            let offset = leaf * ChallengeParameters.blocksPerLeaf * StreamChainShape.blockCount
            let digest = firstDigest + leaf * StreamChainShape.leafBytes
            stream_chain_pass(
                out.start + offset, b.start + offset, c.start + offset, factor,
                ChallengeParameters.blocksPerLeaf, digests.start + digest, streaming)
            leaves.start[leaf] = CommitmentTree.leaf(
                digests.bytes(from: digest, count: StreamChainShape.leafBytes))
        }
        return CommitmentTree(leaves: (0..<shape.leaves).map { leaves.start[$0] })
    }

    private static func blocks(ofLeaf leaf: Int) -> Range<Int> {
        leaf * ChallengeParameters.blocksPerLeaf..<(leaf + 1) * ChallengeParameters.blocksPerLeaf
    }

    /// Takes what the verifier wants to see; throws `challenge.parameters` for what does not exist.
    func open(_ openings: [ChallengeMessage.Opening]) throws(Refusal) {
        guard
            openings.allSatisfy({
                (1...UInt32(trees.count)).contains($0.pass) && $0.block < UInt32(shape.blocks)
            })
        else {
            throw Refusal(
                "challenge.parameters", "an opening names a pass or block that is not there")
        }
        self.openings = openings[...]
    }

    /// The next piece of the proof, or nil when all was given.
    func nextProof() -> ChallengeMessage.ProofPiece? {
        guard !openings.isEmpty else { return nil }
        let most = ChallengeMessage.pieceLimit / (2 * StreamChainShape.leafBytes)
        let part = openings.prefix(most)
        openings = openings.dropFirst(most)
        return .leaves(part.map(proof))
    }

    private func proof(_ opening: ChallengeMessage.Opening) -> ChallengeMessage.LeafProof {
        let pass = Int(opening.pass) - 1
        let leaf = Int(opening.block) / ChallengeParameters.blocksPerLeaf
        let offset =
            pass * shape.blocks * StreamChainShape.digestBytes + leaf * StreamChainShape.leafBytes
        return ChallengeMessage.LeafProof(
            opening: opening,
            content: Array(digests.bytes(from: offset, count: StreamChainShape.leafBytes)),
            path: trees[pass].path(of: leaf))
    }
}

/// Checks opened blocks of one stream chain by replaying them.
struct StreamChainVerifier {
    private let shape: StreamChainShape
    private let roots: [Digest]
    private let factors: [UInt64]
    private let base: [UInt64]
    private var awaited: ArraySlice<ChallengeMessage.Opening>

    init(
        blocks: Int, key: ChallengeKey, roots: [Digest], openings: [ChallengeMessage.Opening]
    ) {
        shape = StreamChainShape(blocks: blocks, passes: roots.count)
        self.roots = roots
        factors = roots.indices.map { pass in
            key.factor(pass + 1, after: pass == 0 ? key.firstRoot : roots[pass - 1])
        }
        base = StreamChainShape.baseBlock(key)
        awaited = openings[...]
    }

    /// Which units to open: drawn from a key that stays with the verifier until the roots are
    /// fixed.
    static func openings(
        _ count: Int, blocks: Int, passes: Int, checkKey: Digest
    ) -> [ChallengeMessage.Opening] {
        ChallengeMessage.Opening.drawn(count, rounds: passes, units: blocks, checkKey: checkKey)
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
        let (pass, block) = (Int(proof.opening.pass), Int(proof.opening.block))
        let leaf = proof.content.withUnsafeBytes { CommitmentTree.leaf($0) }
        let root = CommitmentTree.root(
            of: leaf, at: block / ChallengeParameters.blocksPerLeaf, of: shape.leaves,
            path: proof.path)
        guard proof.content.count == StreamChainShape.leafBytes, root == roots[pass - 1] else {
            throw Refusal(
                "challenge.root-mismatch",
                "the opening of pass \(pass), block \(block) does not lead to its root")
        }
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
