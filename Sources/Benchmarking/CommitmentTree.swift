// The Merkle tree that commits to one round of a challenge (the shape of RFC 6962: leaves and inner
// nodes are hashed with different first bytes; a node without a sibling is carried up).

import CKernels
import Cryptography
package import Primitives

/// A Merkle tree over the leaf digests of one round.
package struct CommitmentTree {
    private let levels: [[Digest]]

    /// Builds the tree over at least one leaf.
    package init(leaves: [Digest]) {
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
    package var root: Digest { levels[levels.count - 1][0] }

    /// The siblings from leaf `index` up to the root.
    package func path(of index: Int) -> [Digest] {
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
    package static func leaf(_ content: UnsafeRawBufferPointer) -> Digest {
        var hasher = SHA256.Hasher()
        hasher.update([0])
        hasher.update(content)
        return hasher.finalize()
    }

    /// The digests of the leaves that `content` holds side by side, `count` bytes each.
    ///
    /// Two at a time where the processor has instructions for SHA-256: one message cannot fill
    /// their latency.
    static func leaves(_ content: UnsafeRawBufferPointer, of count: Int) -> [Digest] {
        let bytes = content.bindMemory(to: UInt8.self)
        let pairs = althing_kernels_extensions() & ALTHING_EXTENSION_SHA.rawValue != 0
        var digests: [Digest] = []
        var start = 0
        while pairs, start + 2 * count <= content.count, let base = bytes.baseAddress {
            var (first, second) = (Digest.zero.bytes, Digest.zero.bytes)
            sha256_pair(0, base + start, base + start + count, count, &first, &second)
            for bytes in [first, second] {
                if let digest = Digest(bytes) { digests.append(digest) }
            }
            start += 2 * count
        }
        while start + count <= content.count {
            digests.append(
                leaf(UnsafeRawBufferPointer(rebasing: content[start..<start + count])))
            start += count
        }
        return digests
    }

    /// The root that `leaf`, at `index` of `count`, has with these siblings; nil if they do not
    /// fit.
    package static func root(of leaf: Digest, at index: Int, of count: Int, path: [Digest])
        -> Digest?
    {
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
