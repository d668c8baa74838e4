// Roots and proofs of a tree whose rows are kept somewhere (RFC 6962, sections 2.1 to 2.1.2).

public import Primitives

/// A tree of a given size over stored rows.
public struct MerkleTree<Rows: MerkleRows> {
    private let rows: Rows
    /// How many leaves the tree has; the rows may hold more.
    public let size: UInt64

    /// The first `size` leaves of what `rows` hold.
    public init(_ rows: Rows, size: UInt64) {
        self.rows = rows
        self.size = size
    }

    /// The root; throws `log.hash-missing` when a row does not reach.
    public func root() throws(Refusal) -> Digest {
        size == 0 ? MerkleHash.empty : try hash(from: 0, to: size)
    }

    /// The proof that leaf `index` is in the tree, from the leaf's sibling up.
    ///
    /// Throws `log.range` or `log.hash-missing`.
    public func inclusionProof(of index: UInt64) throws(Refusal) -> [Digest] {
        guard index < size else {
            throw Refusal("log.range", "entry \(index) is not among the first \(size)")
        }
        var proof: [Digest] = []
        var begin: UInt64 = 0
        var end = size
        while end - begin > 1 {
            let middle = begin + MerkleHash.split(end - begin)
            if index < middle {
                proof.append(try hash(from: middle, to: end))
                end = middle
            } else {
                proof.append(try hash(from: begin, to: middle))
                begin = middle
            }
        }
        return proof.reversed()
    }

    /// The proof that the tree of `oldSize` leaves is this one's beginning.
    ///
    /// Throws `log.range` for zero and sizes past this, or `log.hash-missing`.
    public func consistencyProof(from oldSize: UInt64) throws(Refusal) -> [Digest] {
        guard oldSize > 0, oldSize <= size else {
            throw Refusal("log.range", "no proof leads from \(oldSize) to \(size) entries")
        }
        var proof: [Digest] = []
        var begin: UInt64 = 0
        var end = size
        while end != oldSize {
            let middle = begin + MerkleHash.split(end - begin)
            if oldSize <= middle {
                proof.append(try hash(from: middle, to: end))
                end = middle
            } else {
                proof.append(try hash(from: begin, to: middle))
                begin = middle
            }
        }
        // What is left is a subtree of both; the verifier knows it only when it is all of the old.
        if begin > 0 { proof.append(try hash(from: begin, to: end)) }
        return proof.reversed()
    }

    /// The hash of the leaves `begin..<end`, split as RFC 6962 does.
    private func hash(from begin: UInt64, to end: UInt64) throws(Refusal) -> Digest {
        let count = end - begin
        if count.nonzeroBitCount == 1 {
            return try complete(level: count.trailingZeroBitCount, leaf: begin)
        }
        let middle = begin + MerkleHash.split(count)
        return MerkleHash.node(try hash(from: begin, to: middle), try hash(from: middle, to: end))
    }

    /// The hash of the complete subtree of 2^level leaves that starts at `leaf`.
    private func complete(level: Int, leaf: UInt64) throws(Refusal) -> Digest {
        let row = level / 8
        let count = 1 << (level % 8)
        var hashes = rows.hashes(row: UInt8(row), from: leaf >> UInt64(8 * row), count: count)
        guard hashes.count == count else {
            throw Refusal("log.hash-missing", "row \(row) does not reach leaf \(leaf)")
        }
        while hashes.count > 1 {
            hashes = stride(from: 0, to: hashes.count, by: 2)
                .map { MerkleHash.node(hashes[$0], hashes[$0 + 1]) }
        }
        return hashes[0]
    }
}
