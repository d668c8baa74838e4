// The state's own Merkle tree (RFC 6962): one leaf a command, kept as perfect subtrees so that a root
// or a proof costs a number of reads that grows with the logarithm of the log.

import Cryptography
import Primitives

/// The command log's Merkle tree, stored in the state.
enum MerkleLog {
    /// A leaf's bytes: what an inclusion proof proves.
    static func leaf(index: UInt64, position: UInt64, envelope: Digest, outcome: Digest) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.text("althing/leaf/1")
        encoder.number(index)
        encoder.number(position)
        encoder.digest(envelope)
        encoder.digest(outcome)
        return encoder.bytes
    }

    static func leafHash(_ bytes: [UInt8]) -> Digest { SHA256.hash([0] + bytes) }

    static func nodeHash(_ left: Digest, _ right: Digest) -> Digest {
        SHA256.hash([1] + left.bytes + right.bytes)
    }

    private static func key(level: UInt64, number: UInt64) -> [UInt8] {
        [UInt8(truncatingIfNeeded: level)] + Key.number(number)
    }

    /// Appends leaf number `size` and completes the perfect subtrees that end with it.
    static func append(_ hash: Digest, at size: UInt64, in state: StateOverlay) {
        var hash = hash
        var level: UInt64 = 0
        var number = size
        Tables.treeNodes.set(key(level: 0, number: number), to: DigestRecord(hash), in: state)
        while number & 1 == 1 {
            let leftKey = key(level: level, number: number - 1)
            guard let left = Tables.treeNodes.record(leftKey, in: state) else { return }
            hash = nodeHash(left.value, hash)
            level += 1
            number >>= 1
            Tables.treeNodes.set(
                key(level: level, number: number), to: DigestRecord(hash), in: state)
        }
    }

    /// The hash over leaves `start..<end` (RFC 6962, section 2.1), or nil past the log's end.
    static func hash(from start: UInt64, to end: UInt64, in state: any StateReader) -> Digest? {
        let count = end - start
        guard count > 0 else { return SHA256.hash([]) }
        if count & (count - 1) == 0, start % count == 0 {
            let level = UInt64(count.trailingZeroBitCount)
            return Tables.treeNodes.record(key(level: level, number: start >> level), in: state)?
                .value
        }
        let split = largestPowerOfTwo(below: count)
        guard let left = hash(from: start, to: start + split, in: state),
            let right = hash(from: start + split, to: end, in: state)
        else { return nil }
        return nodeHash(left, right)
    }

    private static func largestPowerOfTwo(below count: UInt64) -> UInt64 {
        1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }

    /// The audit path of leaf `number` in the tree of `size` leaves, leaf to root.
    static func inclusionProof(of number: UInt64, size: UInt64, in state: any StateReader)
        -> [Digest]?
    {
        guard number < size else { return nil }
        var path: [Digest] = []
        var start: UInt64 = 0
        var end = size
        while end - start > 1 {
            let split = start + largestPowerOfTwo(below: end - start)
            let sibling =
                number < split
                ? hash(from: split, to: end, in: state) : hash(from: start, to: split, in: state)
            guard let sibling else { return nil }
            path.append(sibling)
            if number < split { end = split } else { start = split }
        }
        return path.reversed()
    }
}
