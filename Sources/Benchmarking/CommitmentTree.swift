// The Merkle tree that commits to one round of a challenge (the shape of RFC 6962: leaves and inner
// nodes are hashed with different first bytes; a node without a sibling is carried up).

import Cryptography
import Primitives

/// A Merkle tree over the leaf digests of one round.
struct CommitmentTree {
    private let levels: [[Digest]]

    /// Builds the tree over at least one leaf.
    init(leaves: [Digest]) {
        precondition(!leaves.isEmpty)
        var levels = [leaves]
        var level = leaves
        while level.count > 1 {
            level = CommitmentTree.parents(of: level)
            levels.append(level)
        }
        self.levels = levels
    }

    /// What the whole tree hashes to.
    var root: Digest { levels[levels.count - 1][0] }

    /// The siblings from leaf `index` up to the root.
    func path(of index: Int) -> [Digest] {
        var path: [Digest] = []
        var position = index
        for level in levels.dropLast() {
            let sibling = position ^ 1
            if sibling < level.count { path.append(level[sibling]) }
            position /= 2
        }
        return path
    }

    /// The digest of a leaf's content.
    static func leaf(_ content: UnsafeRawBufferPointer) -> Digest {
        var hasher = SHA256.Hasher()
        hasher.update([0])
        hasher.update(content)
        return hasher.finalize()
    }

    /// The root that `leaf`, at `index` of `count`, has with these siblings; nil if they do not
    /// fit.
    static func root(of leaf: Digest, at index: Int, of count: Int, path: [Digest]) -> Digest? {
        guard index >= 0, index < count else { return nil }
        var node = leaf
        var position = index
        var width = count
        var used = 0
        while width > 1 {
            let sibling = position ^ 1
            if sibling < width {
                guard used < path.count else { return nil }
                node = position & 1 == 0 ? parent(node, path[used]) : parent(path[used], node)
                used += 1
            }
            position /= 2
            width = (width + 1) / 2
        }
        return used == path.count ? node : nil
    }

    private static func parents(of level: [Digest]) -> [Digest] {
        var above: [Digest] = []
        above.reserveCapacity((level.count + 1) / 2)
        for index in stride(from: 0, to: level.count, by: 2) {
            let alone = index + 1 == level.count
            above.append(alone ? level[index] : parent(level[index], level[index + 1]))
        }
        return above
    }

    private static func parent(_ left: Digest, _ right: Digest) -> Digest {
        SHA256.hash([1] + left.bytes + right.bytes)
    }
}
