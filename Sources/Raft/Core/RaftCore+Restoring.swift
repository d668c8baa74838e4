// What a snapshot does to the log of the member that is sent it.
//
// Most are sent to whoever needs entries that are gone: its log starts over behind the snapshot. A
// member whose disk lost entries needs one as well, once nobody else has them, but its log may
// reach further than the snapshot, and what it acknowledged there must stay: only the beginning of
// its log is then replaced.

import Primitives

/// What is to be done with a snapshot.
enum SnapshotUse {
    /// Nothing: it brings nothing, or it is not known yet what it would take away.
    case none
    /// The log has everything in it, which is now known to be committed.
    case commits
    /// The state and the log up to it are replaced; the log behind stays.
    case replacesBeginning
    /// The log starts over.
    case replacesLog
}

extension RaftCore {
    func use(of snapshot: Snapshot) throws(Refusal) -> SnapshotUse {
        let isNews = snapshot.index > log.committed
        guard let first = log.firstDamageToApply, first <= snapshot.index else {
            guard isNews else { return .none }
            return try log.matches(snapshot.position) ? .commits : .replacesLog
        }
        if isNews {
            if snapshot.index >= log.lastIndex { return .replacesLog }
            if let from = damage.condemnedFrom, from <= snapshot.index { return .replacesLog }
            guard let isOwn = try log.surelyHas(snapshot.position) else { return .none }
            if !isOwn { return .replacesLog }
        }
        // What is still being written goes first; the snapshot is asked for again.
        return snapshot.index < log.unstable.offset ? .replacesBeginning : .none
    }
}

extension RaftLog {
    /// Whether the entry at a position is this log's, also where its term was lost with it; nil
    /// where that cannot be told. Terms only grow along a log.
    func surelyHas(_ position: LogPosition) throws(Refusal) -> Bool? {
        if let own = try term(at: position.index) { return own == position.term }
        var least: Term = 0
        var index = position.index
        while index >= firstIndex, least == 0 {
            index -= 1
            least = try term(at: index) ?? 0
        }
        var most = lostTermBound
        index = position.index + 1
        while index <= lastIndex {
            if let term = try term(at: index) {
                most = term
                break
            }
            index += 1
        }
        if position.term < least || position.term > most { return false }
        return least == most ? true : nil
    }
}
