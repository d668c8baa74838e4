// The whole log: the durable part in storage, the tail in memory, and how far it is committed and
// applied.

import Primitives

/// The log of one member. `applied <= applying <= committed <= lastIndex`.
struct RaftLog {
    let storage: any Storage
    var unstable: UnstableLog
    /// Known to be durable on a quorum.
    private(set) var committed: LogIndex
    /// Handed out to be applied.
    var applying: LogIndex
    /// Applied.
    var applied: LogIndex
    let maximumApplyingBytes: UInt64
    var applyingBytes: UInt64 = 0
    var isApplyingPaused = false
    let trace: Tracer
    /// Entries in storage that cannot be read, ascending.
    var damaged: [ClosedRange<LogIndex>] = []
    /// No entry of storage has a higher term; stands in for a term that was lost.
    var lostTermBound: Term = 0

    /// The log in `storage`, committed and applied up to its snapshot.
    init(storage: any Storage, maximumApplyingBytes: UInt64, trace: Tracer) {
        self.storage = storage
        self.maximumApplyingBytes = maximumApplyingBytes
        self.trace = trace
        unstable = UnstableLog(offset: storage.lastIndex + 1, trace: trace)
        committed = storage.firstIndex - 1
        applying = committed
        applied = committed
    }

    var firstIndex: LogIndex { unstable.firstIndex ?? storage.firstIndex }

    var lastIndex: LogIndex { unstable.lastIndex ?? storage.lastIndex }

    /// The last entry's position.
    func lastPosition() throws(Refusal) -> LogPosition {
        let index = lastIndex
        guard let term = try term(at: index) else {
            if isDamaged(index) { return LogPosition(term: lostTermBound, index: index) }
            throw invariant("the term of the last entry, \(index), is unknown")
        }
        return LogPosition(term: term, index: index)
    }

    /// The term at `index`, or nil when it is compacted or not there.
    func term(at index: LogIndex) throws(Refusal) -> Term? {
        if let term = unstable.term(at: index) { return term }
        guard index <= lastIndex, index + 1 >= firstIndex else { return nil }
        return try storage.term(at: index)
    }

    /// Whether this log has the entry at `position`.
    func matches(_ position: LogPosition) throws(Refusal) -> Bool {
        try term(at: position.index) == position.term
    }

    /// Whether a leader's entries after `position` may follow here. What is committed is every
    /// leader's too (leader completeness), even where its term cannot be read here any more.
    private func continues(_ position: LogPosition) throws(Refusal) -> Bool {
        guard let own = try term(at: position.index) else { return position.index == committed }
        return own == position.term
    }

    /// Whether a log that ends at `position` has everything this one may have committed.
    func isUpToDate(_ position: LogPosition) throws(Refusal) -> Bool {
        let last = try lastPosition()
        return position.term > last.term
            || (position.term == last.term && position.index >= last.index)
    }

    /// Entries from `low` on, at most `maximumBytes` but at least one where there is any.
    func entries(from low: LogIndex, maximumBytes: UInt64) throws(Refusal) -> [Entry] {
        let last = lastIndex
        if low > last { return [] }
        return try slice(from: low, to: last + 1, maximumBytes: maximumBytes)
    }

    /// The entries in `low..<high`; throws `storage.compacted` before the first.
    func slice(
        from low: LogIndex, to high: LogIndex, maximumBytes: UInt64
    ) throws(Refusal) -> [Entry] {
        guard low >= firstIndex else {
            throw Refusal("storage.compacted", "entry \(low) is before the first, \(firstIndex)")
        }
        guard low <= high, high <= lastIndex + 1 else {
            throw invariant("entries \(low)..<\(high) are past the end, \(lastIndex)")
        }
        if low == high { return [] }
        if low >= unstable.offset {
            return Array(unstable.slice(from: low, to: high)).prefix(maximumBytes: maximumBytes)
        }
        let border = min(high, unstable.offset)
        let stored = try storage.entries(from: low, to: border, maximumBytes: maximumBytes)
        // Storage stopped at the limit: what follows cannot fit either.
        if border == high || LogIndex(stored.count) < border - low { return stored }
        let size = stored.footprint
        if size >= maximumBytes { return stored }
        let rest = unstable.slice(from: border, to: high)
        // The limit holds for the sum: no "at least one" for the second part.
        guard let next = rest.first, next.footprint <= maximumBytes - size else { return stored }
        return stored + Array(rest).prefix(maximumBytes: maximumBytes - size)
    }

    /// The latest snapshot, wherever it lies.
    func snapshot() throws(Refusal) -> Snapshot {
        if let snapshot = unstable.snapshot { return snapshot }
        return try storage.snapshot()
    }

    /// Whether the entry is known to be unreadable.
    func isDamaged(_ index: LogIndex) -> Bool {
        if damaged.isEmpty { return false }
        return damaged.contains { $0.contains(index) }
    }

    /// The first unreadable entry that is not known to be committed.
    var firstUncommittedDamage: LogIndex? {
        guard let range = damaged.first(where: { $0.upperBound > committed }) else { return nil }
        return max(range.lowerBound, committed + 1)
    }

    /// The first range of unreadable entries that reaches past what is applied.
    var firstRangeToApply: ClosedRange<LogIndex>? {
        damaged.first { $0.upperBound > applied }
    }

    /// The first unreadable entry that is not applied.
    var firstDamageToApply: LogIndex? {
        firstRangeToApply.map { max($0.lowerBound, applied + 1) }
    }

    func invariant(_ what: String) -> Refusal { Refusal("raft.invariant", what) }
}

// MARK: Growing

extension RaftLog {
    /// Appends a leader's entries after `previous` and commits as far as it says.
    ///
    /// Answers the last index that is now known to match, or nil when `previous` does not. Entries
    /// from `replacingFrom` on are replaced whatever they are.
    mutating func append(
        _ entries: [Entry], after previous: LogPosition, leaderCommit: LogIndex,
        replacingFrom: LogIndex? = nil
    ) throws(Refusal) -> LogIndex? {
        guard try continues(previous) else { return nil }
        let lastNew = previous.index + LogIndex(entries.count)
        var conflict = try findConflict(entries)
        if let border = replacingFrom, lastNew >= border {
            conflict = min(conflict ?? border, border)
        }
        if let conflict {
            guard conflict > committed else {
                throw invariant("entry \(conflict) contradicts one committed at \(committed)")
            }
            let known = Int(conflict - previous.index - 1)
            try append(known == 0 ? entries : Array(entries[known...]))
        }
        try commit(to: min(leaderCommit, lastNew))
        return lastNew
    }

    /// Appends; the first entry may replace what is not committed.
    mutating func append(_ entries: [Entry]) throws(Refusal) {
        guard let first = entries.first else { return }
        guard first.index > committed else {
            throw invariant("entry \(first.index) would replace one committed at \(committed)")
        }
        unstable.truncateAndAppend(entries)
    }

    /// The index of the first entry that is not in this log in that term, or nil.
    private func findConflict(_ entries: [Entry]) throws(Refusal) -> LogIndex? {
        for entry in entries {
            let existing = try term(at: entry.index)
            if existing == entry.term, !isDamaged(entry.index) { continue }
            if entry.index <= lastIndex {
                trace(.conflict(at: entry.position, existing: existing ?? 0))
            }
            return entry.index
        }
        return nil
    }

    /// The highest position at or before `index` whose term is at most `term`: where two logs may
    /// match, given one entry of the other. Term 0 when unknown.
    ///
    /// This is what lets a leader and a follower skip a whole diverging term in one round trip.
    func findConflict(before index: LogIndex, term: Term) throws(Refusal) -> LogPosition {
        var index = index
        while index > 0 {
            guard let own = try self.term(at: index) else {
                return LogPosition(term: 0, index: index)
            }
            if own <= term { return LogPosition(term: own, index: index) }
            index -= 1
        }
        return LogPosition(term: 0, index: 0)
    }

    /// Moves the commit index forward.
    mutating func commit(to index: LogIndex) throws(Refusal) {
        guard index > committed else { return }
        guard index <= lastIndex else {
            throw Refusal(
                "raft.log-lost",
                "entry \(index) is committed but the log ends at \(lastIndex): acknowledged "
                    + "entries were lost here, so this member must rejoin under a new identifier")
        }
        committed = index
    }

    /// Commits up to `position` if that entry is of that term, as only a leader's own term may be
    /// counted; answers whether anything changed.
    mutating func commit(upTo position: LogPosition) throws(Refusal) -> Bool {
        guard position.index > committed, position.term != 0, try matches(position)
        else { return false }
        try commit(to: position.index)
        return true
    }

    /// Takes the stored commit index after a restart.
    mutating func restoreCommit(_ index: LogIndex) throws(Refusal) {
        guard index >= committed, index <= lastIndex else {
            throw Refusal(
                "raft.log-lost",
                "the stored commit index \(index) is outside of \(committed)...\(lastIndex)")
        }
        committed = index
    }

    /// Replaces the log by a snapshot.
    mutating func restore(_ snapshot: Snapshot) {
        trace(.snapshotRestoreBegan(snapshot.position, log: summary))
        committed = snapshot.index
        damaged = []
        unstable.restore(snapshot)
    }

    /// Puts a snapshot, whose place is in storage and holds its entry, where the log begins.
    mutating func replaceBeginning(by snapshot: Snapshot) {
        trace(.snapshotRestoreBegan(snapshot.position, log: summary))
        committed = max(committed, snapshot.index)
        unstable.replaceBeginning(by: snapshot)
    }

    var summary: TraceEvent.LogSummary {
        TraceEvent.LogSummary(
            committed: committed, applied: applied, applying: applying,
            unstableOffset: unstable.offset,
            unstableOffsetInProgress: unstable.offsetInProgress,
            unstableCount: unstable.entries.count)
    }
}
