// What OpenZeppelin's and Uniswap's trees share: a node hashes its children in byte order, so that
// a proof needs no directions.

import Cryptography
public import Primitives

/// Hashing and checking of commutative Merkle trees over Keccak-256.
public enum SortedPairTree {
    /// The hash of two nodes, the lesser first.
    public static func node(_ left: Digest, _ right: Digest) -> Digest {
        var hasher = Keccak256.Hasher()
        hasher.update(Swift.min(left, right))
        hasher.update(Swift.max(left, right))
        return hasher.finalize()
    }

    /// Whether `proof` leads from `leaf` to `root`.
    public static func verify(leaf: Digest, proof: [Digest], root: Digest) -> Bool {
        proof.reduce(leaf, node) == root
    }
}
