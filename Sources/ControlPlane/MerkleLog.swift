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

    /// The leaves of one entry on their way into the state: its right edge is read and written
    /// once an entry.
    struct Appending {
        private let state: StateOverlay
        private var frontier: MerkleFrontier
        private let sizeBefore: UInt64

        init(_ state: StateOverlay) {
            self.state = state
            frontier = MerkleLog.frontier(in: state)
            sizeBefore = frontier.size
        }

        /// How many leaves there are: the number of the next one.
        var size: UInt64 { frontier.size }

        /// Appends a leaf; throws `log.full`.
        mutating func append(_ leaf: [UInt8]) throws(Refusal) {
            let stored = try frontier.append(leaf: MerkleHash.leaf(leaf))
            StateRows.store(stored, in: state, prefix: rowsPrefix)
        }

        /// Notes the new right edge, if it moved.
        func finish() {
            guard frontier.size > sizeBefore else { return }
            Tables.frontier.set(frontierKey, to: frontier, in: state)
        }
    }

    /// The tree of the first `size` leaves.
    static func tree(size: UInt64, in state: any StateReader) -> MerkleTree<StateRows> {
        MerkleTree(StateRows(state, prefix: rowsPrefix), size: size)
    }
}
