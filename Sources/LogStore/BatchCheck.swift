// Whether a batch fits the log, decided before any of it is written.

import Primitives

/// What the log will say once the records before are applied; enough to judge the next.
struct BatchCheck {
    private let index: LogIndex
    private var first: UInt64
    private var last: UInt64
    private var commit: UInt64
    /// Entries below this are as the index says; above they are new.
    private var unchanged: UInt64
    private var hardState: LogHardState
    /// Whether what was accepted so far must be flushed before it is acknowledged.
    private(set) var needsFlush = false

    init(_ index: LogIndex) {
        self.index = index
        first = index.firstIndex
        last = index.lastIndex
        commit = index.hardState.commit
        unchanged = index.lastIndex
        hardState = index.hardState
    }

    /// Accepts all records of a batch, or throws and accepts none of them.
    mutating func accept(_ records: [LogRecord]) throws(Refusal) {
        var trial = self
        for record in records { try trial.accept(record) }
        self = trial
    }

    private mutating func accept(_ record: LogRecord) throws(Refusal) {
        switch record {
        case .entry(let entry): try accept(entry)
        case .hardState(let state): try accept(state)
        case .restoredVote(let state):
            try accept(state)
            needsFlush = true
        case .truncate(let index): try acceptTruncation(from: index)
        case .snapshotMark(let position): acceptMark(position)
        case .lost: throw Refusal("log.gap", "only recovery may say what was lost")
        case .boundary(let position):
            guard position.index >= first - 1, position.index <= last else {
                throw Refusal("log.gap", "there is no entry \(position.index) to compact to")
            }
            first = position.index + 1
            needsFlush = true
        }
    }

    private mutating func accept(_ entry: LogEntry) throws(Refusal) {
        guard entry.payload.count <= RecordHeader.payloadLimit else {
            throw Refusal("log.too-large", "entry \(entry.index) has \(entry.payload.count) bytes")
        }
        guard entry.term > 0 else {
            throw Refusal("log.bad-term", "entry \(entry.index) has no term")
        }
        needsFlush = true
        if entry.index == last + 1 {
            last += 1
            return
        }
        // A repair that the log's beginning outran: nothing needs it any more.
        if entry.index > 0, entry.index < first { return }
        // A repair: only of what is damaged, and only by what was there.
        guard entry.index >= first, entry.index <= unchanged, let there = index[entry.index],
            there.isDamaged
        else {
            throw Refusal(
                "log.gap", "entry \(entry.index) cannot follow entry \(last), the log's last")
        }
        guard there.term == 0 || there.term == entry.term else {
            throw Refusal(
                "log.bad-term",
                "entry \(entry.index) was written in term \(there.term), not \(entry.term)")
        }
    }

    private mutating func accept(_ state: LogHardState) throws(Refusal) {
        guard state.term >= hardState.term else {
            throw Refusal(
                "log.bad-term", "term \(state.term) is older than \(hardState.term), already seen")
        }
        if state.term != hardState.term || state.vote != hardState.vote { needsFlush = true }
        hardState = state
        commit = max(commit, state.commit)
    }

    private mutating func acceptTruncation(from index: UInt64) throws(Refusal) {
        guard index >= first, index <= last + 1 else {
            throw Refusal("log.gap", "there is no entry \(index) to drop")
        }
        guard index > commit else {
            throw Refusal("log.truncates-committed", "entry \(index) is committed: it stays")
        }
        last = index - 1
        unchanged = min(unchanged, last)
        needsFlush = true
    }

    private mutating func acceptMark(_ position: LogPosition) {
        needsFlush = true
        let known = position.index <= unchanged ? index.term(at: position.index) : nil
        guard position.index > last || (known != nil && known != position.term) else { return }
        first = position.index + 1
        last = position.index
        unchanged = 0
    }
}
