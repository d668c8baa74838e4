// The hashes of RFC 6962, section 2.1: leaves and nodes can never be mistaken for one another.

import Cryptography
public import Primitives

/// Hashing for the Merkle log.
public enum MerkleHash {
    /// The root of a tree without leaves.
    public static let empty = SHA256.hash([])

    /// The hash of an entry.
    public static func leaf(_ entry: [UInt8]) -> Digest {
        var hasher = SHA256.Hasher()
        hasher.update(0)
        hasher.update(entry)
        return hasher.finalize()
    }

    /// The hash of two subtrees side by side.
    public static func node(_ left: Digest, _ right: Digest) -> Digest {
        var hasher = SHA256.Hasher()
        hasher.update(1)
        hasher.update(left)
        hasher.update(right)
        return hasher.finalize()
    }

    /// The largest power of two below `size`, where RFC 6962 splits a tree of two leaves or more.
    static func split(_ size: UInt64) -> UInt64 {
        1 << UInt64(63 - (size - 1).leadingZeroBitCount)
    }
}
