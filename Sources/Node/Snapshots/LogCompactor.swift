// Letting go of the log's beginning, once a snapshot covers it and the history holds it.

import ControlPlane
import LogStore
import Primitives
import Raft

/// Compacts a member's log. Blocks: works on a thread of its own, beside the log's.
struct LogCompactor: Sendable {
    let store: LogStore
    let history: History

    /// Moves entries up to `last` to the history and drops them from the log.
    ///
    /// - Parameter snapshot: the durable snapshot that covers them.
    /// - Throws: what reading, writing and the log refuse; the log is then as long as before.
    func compact(through last: UInt64, snapshot: SnapshotDescriptor) throws(Refusal) {
        // A snapshot that was just taken in is not marked here yet: behind its place the log would
        // start over, without the entries that wait to be written.
        guard last >= store.firstIndex, last <= snapshot.index, snapshot.index <= store.lastIndex
        else { return }
        while history.lastIndex < last { try keepSome(upTo: last) }
        try store.commit([
            .snapshotMark(StoredPosition(index: snapshot.index, term: snapshot.term))
        ])
        try store.compact(through: last)
    }

    private func keepSome(upTo last: UInt64) throws(Refusal) {
        var chain = history.lastChain
        var kept: [AuditEntry] = []
        let first = history.lastIndex + 1
        for entry in try store.entries(from: first, to: last, byteBudget: 8 << 20) {
            guard let kind = entry.payload.first else {
                throw Refusal("storage.malformed", "entry \(entry.index) has no kind")
            }
            let payload = Array(entry.payload.dropFirst())
            chain = StateMachine.chained(
                chain, index: entry.index, term: entry.term, kind: kind, payload: payload)
            kept.append(
                AuditEntry(
                    index: entry.index, term: entry.term, kind: kind, payload: payload,
                    chain: chain))
        }
        guard !kept.isEmpty else {
            throw Refusal("log.unavailable", "entry \(first) is not in the log")
        }
        try history.append(kept)
    }
}
