// One fast clock must not close a vote: the log's time may be ahead of a member's own clock by so
// much and no more.

import ControlPlane
import Primitives
import Raft

/// How far an entry's time may be ahead of a member's clock.
struct ClockBound {
    /// In milliseconds.
    let milliseconds: UInt64

    /// Whether an append carries an entry stamped further ahead of `now` than the bound.
    func isFromTheFuture(_ message: Message, now: Timestamp) -> Bool {
        guard message.kind == .append else { return false }
        let latest = now.advanced(by: milliseconds)
        return message.entries.contains { entry in
            guard entry.kind == .normal, let stamp = EntryPayload.timestamp(of: entry.data) else {
                return false
            }
            return stamp > latest
        }
    }
}
