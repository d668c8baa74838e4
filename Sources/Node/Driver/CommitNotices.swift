// Appends without entries, held back for a moment.
//
// They tell a follower little more than how far the log is committed, and the next append tells it
// too. Sent at once they would cost every member a message, an answer and a turn for each entry,
// just when the caller is to be answered; so they wait for something to travel with, and go by
// themselves when nothing comes. A network that delays a message does the same: the core sees no
// difference.

import Raft

/// What waits, at most one message for each member.
struct CommitNotices {
    /// How long one waits, in nanoseconds: longer than a client that was answered needs to ask for
    /// the next thing, and less than anybody notices who reads from a follower.
    static let patience: UInt64 = 2_000_000

    private var waiting: [(message: Message, since: UInt64)] = []

    /// When the oldest is due; nil when none waits.
    var nextDue: UInt64? { waiting.first.map { $0.since + CommitNotices.patience } }

    /// What is to be sent now that this message is.
    mutating func pass(_ message: Message, at now: UInt64) -> [Message] {
        let place = waiting.firstIndex { $0.message.to == message.to }
        if message.kind == .append, message.entries.isEmpty {
            if let place {
                waiting[place].message = message
            } else {
                waiting.append((message, now))
            }
            return []
        }
        guard let place else { return [message] }
        let held = waiting.remove(at: place).message
        let saysAll =
            message.kind == .append && message.term == held.term && message.commit >= held.commit
        return saysAll ? [message] : [held, message]
    }

    /// What has waited long enough.
    mutating func takeDue(at now: UInt64) -> [Message] {
        let due = waiting.prefix { $0.since + CommitNotices.patience <= now }
        waiting.removeFirst(due.count)
        return due.map(\.message)
    }
}
