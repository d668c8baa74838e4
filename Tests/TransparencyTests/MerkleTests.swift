import Primitives
import Testing
import Transparency

/// A log in memory, with a plain recursive definition of its root beside it.
struct TestLog {
    var frontier = MerkleFrontier()
    var rows = MemoryRows()
    var leaves: [Digest] = []

    init(size: Int) throws {
        for index in 0..<size {
            let leaf = MerkleHash.leaf(Array("entry \(index)".utf8))
            leaves.append(leaf)
            rows.store(try frontier.append(leaf: leaf))
        }
    }

    func root(_ size: Int) -> Digest { TestLog.root(leaves[..<size]) }

    /// RFC 6962, section 2.1, word for word.
    static func root(_ leaves: ArraySlice<Digest>) -> Digest {
        guard let first = leaves.first else { return MerkleHash.empty }
        guard leaves.count > 1 else { return first }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        return MerkleHash.node(root(leaves.prefix(split)), root(leaves.dropFirst(split)))
    }
}

struct MerkleTests {
    @Test func `The frontier and the stored rows give the root of every size`() throws {
        let log = try TestLog(size: 600)
        var frontier = MerkleFrontier()
        for size in 0...600 {
            #expect(frontier.size == UInt64(size))
            if size < 70 || size % 37 == 0 {
                let root = log.root(size)
                #expect(frontier.root == root)
                #expect(try MerkleTree(log.rows, size: UInt64(size)).root() == root)
                #expect(try MerkleFrontier(decoding: frontier.encoded) == frontier)
            }
            if size < 600 { try frontier.append(leaf: log.leaves[size]) }
        }
    }

    @Test func `Rows in the state answer as rows in memory do`() throws {
        let state = StateOverlay(MemoryState())
        var frontier = MerkleFrontier()
        let log = try TestLog(size: 600)
        for leaf in log.leaves {
            StateRows.store(try frontier.append(leaf: leaf), in: state, prefix: [0x90])
        }
        let rows = StateRows(state, prefix: [0x90])
        #expect(rows.hashes(row: 0, from: 0, count: 1000) == log.leaves)
        #expect(rows.hashes(row: 1, from: 0, count: 9).count == 2)
        let tree = MerkleTree(rows, size: 599)
        #expect(try tree.root() == log.root(599))
        #expect(
            try tree.inclusionProof(of: 300)
                == MerkleTree(log.rows, size: 599).inclusionProof(of: 300))
    }

    @Test func `Every inclusion proof holds, and no other place or size takes it`() throws {
        let log = try TestLog(size: 65)
        for size in 1...65 as ClosedRange<UInt64> {
            let tree = MerkleTree(log.rows, size: size)
            let root = try tree.root()
            for index in 0..<size {
                let proof = try tree.inclusionProof(of: index)
                let leaf = log.leaves[Int(index)]
                try MerkleProof.verifyInclusion(
                    leaf: leaf, index: index, size: size, proof: proof, root: root)
                for (badIndex, badProof) in [
                    (index ^ 1, proof), (index, proof + [leaf]), (index, Array(proof.dropLast())),
                    (size, proof),
                ] where badIndex != index || badProof != proof {
                    #expect(throws: Refusal("proof.inclusion", "")) {
                        try MerkleProof.verifyInclusion(
                            leaf: leaf, index: badIndex, size: size, proof: badProof, root: root)
                    }
                }
            }
        }
    }

    @Test func `Every consistency proof holds, and none leads to another root`() throws {
        let log = try TestLog(size: 65)
        for new in 1...65 as ClosedRange<UInt64> {
            let tree = MerkleTree(log.rows, size: new)
            for old in 1...new {
                let proof = try tree.consistencyProof(from: old)
                let (oldRoot, newRoot) = (log.root(Int(old)), log.root(Int(new)))
                try MerkleProof.verifyConsistency(
                    oldSize: old, newSize: new, proof: proof, oldRoot: oldRoot, newRoot: newRoot)
                for (badOld, badNew, badProof) in [
                    (newRoot, oldRoot, proof), (oldRoot, MerkleHash.empty, proof),
                    (oldRoot, newRoot, proof + [oldRoot]),
                ] where old != new || badProof != proof || badNew != newRoot {
                    #expect(throws: Refusal("proof.consistency", "")) {
                        try MerkleProof.verifyConsistency(
                            oldSize: old, newSize: new, proof: badProof, oldRoot: badOld,
                            newRoot: badNew)
                    }
                }
            }
        }
    }

    @Test func `Sizes at the ends of the range are refused, not trapped on`() throws {
        let rows = try TestLog(size: 3).rows
        for (code, body) in [
            ("log.range", { _ = try MerkleTree(rows, size: 3).inclusionProof(of: 3) }),
            ("log.range", { _ = try MerkleTree(rows, size: 3).consistencyProof(from: 0) }),
            ("log.hash-missing", { _ = try MerkleTree(rows, size: 4).root() }),
            ("log.hash-missing", { _ = try MerkleTree(rows, size: .max).root() }),
            (
                "proof.inclusion",
                {
                    try MerkleProof.verifyInclusion(
                        leaf: .zero, index: .max - 1, size: .max, proof: [], root: .zero)
                }
            ),
            (
                "proof.consistency",
                {
                    try MerkleProof.verifyConsistency(
                        oldSize: 1, newSize: .max, proof: [.zero], oldRoot: .zero, newRoot: .zero)
                }
            ),
            (
                "proof.consistency",
                {
                    try MerkleProof.verifyConsistency(
                        oldSize: 0, newSize: 1, proof: [], oldRoot: MerkleHash.empty,
                        newRoot: .zero)
                }
            ),
        ] as [(String, () throws -> Void)] {
            #expect(throws: Refusal(code, "")) { try body() }
        }
    }
}
