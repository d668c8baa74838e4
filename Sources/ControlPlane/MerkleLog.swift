// The command log's Merkle tree (RFC 6962), kept in the state: one leaf a command.
//
// A leaf binds the command's exact bytes, its outcome, and the chain over all entries up to its
// own, so that a signed tree head covers times, order and entries without commands too.

import Cryptography
import Primitives
import Transparency

enum MerkleLog {
    private static let rowsPrefix: [UInt8] = [0x76]
    private static let frontierKey: [UInt8] = [1]

    /// A leaf's bytes: what an inclusion proof proves.
    static func leaf(
        index: UInt64, position: UInt64, envelope: Digest, outcome: Digest, chain: Digest
    ) -> [UInt8] {
        var encoder = BinaryEncoder()
        encoder.text("althing/leaf/1")
        encoder.number(index)
        encoder.number(position)
        encoder.digest(envelope)
        encoder.digest(outcome)
        encoder.digest(chain)
        return encoder.bytes
    }

    static func frontier(in state: any StateReader) -> MerkleFrontier {
        Tables.frontier.record(frontierKey, in: state) ?? MerkleFrontier()
    }

    /// Appends a leaf and gives its number; throws `log.full`.
    static func append(_ leaf: [UInt8], in state: StateOverlay) throws(Refusal) -> UInt64 {
        var frontier = frontier(in: state)
        let number = frontier.size
        let stored = try frontier.append(leaf: MerkleHash.leaf(leaf))
        StateRows.store(stored, in: state, prefix: rowsPrefix)
        Tables.frontier.set(frontierKey, to: frontier, in: state)
        return number
    }

    /// The tree of the first `size` leaves.
    static func tree(size: UInt64, in state: any StateReader) -> MerkleTree<StateRows> {
        MerkleTree(StateRows(state, prefix: rowsPrefix), size: size)
    }
}
