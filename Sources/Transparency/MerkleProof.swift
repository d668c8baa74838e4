// Checking proofs by the iterative algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2.

public import Primitives

/// Verification of proofs about a Merkle tree.
public enum MerkleProof {
    /// Checks that `leaf` is entry `index` of the tree with `size` leaves and this root.
    ///
    /// Throws `proof.inclusion`.
    public static func verifyInclusion(
        leaf: Digest, index: UInt64, size: UInt64, proof: [Digest], root: Digest
    ) throws(Refusal) {
        guard index < size else {
            throw Refusal("proof.inclusion", "entry \(index) is not among the first \(size)")
        }
        var node = index
        var last = size - 1
        var hash = leaf
        for sibling in proof {
            guard last != 0 else { throw Refusal("proof.inclusion", "the proof is too long") }
            if node & 1 == 1 || node == last {
                hash = MerkleHash.node(sibling, hash)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                hash = MerkleHash.node(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        guard last == 0 else { throw Refusal("proof.inclusion", "the proof is too short") }
        guard hash == root else {
            throw Refusal("proof.inclusion", "the proof leads to another root: \(hash)")
        }
    }

    /// Checks that the tree of `oldSize` leaves is the beginning of the tree of `newSize` leaves.
    ///
    /// Nothing can be said from an empty tree; `oldSize` zero is refused. Throws
    /// `proof.consistency`.
    public static func verifyConsistency(
        oldSize: UInt64, newSize: UInt64, proof: [Digest], oldRoot: Digest, newRoot: Digest
    ) throws(Refusal) {
        guard oldSize > 0, oldSize <= newSize else {
            throw Refusal(
                "proof.consistency", "no proof leads from \(oldSize) to \(newSize) entries")
        }
        if oldSize == newSize {
            guard proof.isEmpty, oldRoot == newRoot else {
                throw Refusal("proof.consistency", "trees of one size have different roots")
            }
            return
        }
        // A complete old tree is a node of the new one, and the proof need not name it.
        let path = oldSize.nonzeroBitCount == 1 ? [oldRoot] + proof : proof
        guard let first = path.first else {
            throw Refusal("proof.consistency", "the proof is empty")
        }
        var node = oldSize - 1
        var last = newSize - 1
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        var (old, new) = (first, first)
        for sibling in path.dropFirst() {
            guard last != 0 else { throw Refusal("proof.consistency", "the proof is too long") }
            if node & 1 == 1 || node == last {
                old = MerkleHash.node(sibling, old)
                new = MerkleHash.node(sibling, new)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                new = MerkleHash.node(new, sibling)
            }
            node >>= 1
            last >>= 1
        }
        guard last == 0 else { throw Refusal("proof.consistency", "the proof is too short") }
        guard old == oldRoot, new == newRoot else {
            throw Refusal("proof.consistency", "the proof leads to other roots")
        }
    }
}
