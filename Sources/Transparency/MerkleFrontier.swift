// A growing tree in O(log n): the roots of its complete subtrees, largest first.

public import Primitives

/// The right edge of a Merkle tree: enough to append and to know the root, and nothing more.
public struct MerkleFrontier: Hashable, Sendable {
    /// How many leaves there are.
    public private(set) var size: UInt64
    /// One root for each bit set in `size`, the most significant first.
    private var peaks: [Digest]

    /// More leaves than this are refused, so that sizes fit every peer's integers.
    public static let sizeLimit: UInt64 = 1 << 62

    /// An empty tree.
    public init() {
        size = 0
        peaks = []
    }

    /// Appends the hash of a leaf and returns the hashes that became final and that tiles store.
    ///
    /// Throws `log.full` at `sizeLimit`.
    @discardableResult
    public mutating func append(leaf: Digest) throws(Refusal) -> [StoredHash] {
        guard size < MerkleFrontier.sizeLimit else {
            throw Refusal("log.full", "the log has \(size) entries and takes no more")
        }
        var stored = [StoredHash(row: 0, index: size, hash: leaf)]
        var hash = leaf
        var level: UInt64 = 0
        // Each one bit at the end of `size` is a complete subtree that the new one completes.
        while size >> level & 1 == 1, let left = peaks.popLast() {
            hash = MerkleHash.node(left, hash)
            level += 1
            if level.isMultiple(of: 8) {
                stored.append(
                    StoredHash(row: UInt8(level / 8), index: size >> level, hash: hash))
            }
        }
        peaks.append(hash)
        size += 1
        return stored
    }

    /// The root of the tree.
    public var root: Digest {
        guard var root = peaks.last else { return MerkleHash.empty }
        for peak in peaks.dropLast().reversed() { root = MerkleHash.node(peak, root) }
        return root
    }
}

extension MerkleFrontier: BinaryCodable {
    /// Appends the size and the roots.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(size)
        for peak in peaks { encoder.digest(peak) }
    }

    /// Reads a frontier; throws `codec.malformed`.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        size = try decoder.number()
        guard size <= MerkleFrontier.sizeLimit else {
            throw Refusal("codec.malformed", "a log has \(size) entries")
        }
        peaks = []
        for _ in 0..<size.nonzeroBitCount { peaks.append(try decoder.digest()) }
    }
}
