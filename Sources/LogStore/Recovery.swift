// What a log says when it is opened, also after a crash and with damage.
//
// Writes are flushed in batches, one batch at a time, so a record proves that everything up to the
// batch before it was flushed; the flush mark often proves more. Call the greatest proven sequence
// F. Every record then falls into one case:
//
//   record                    sequence <= F                     sequence > F
//   A whole, chain unbroken   kept                              kept (flushed, never told)
//   B payload unreadable      damaged; index and term known     torn write: cut here
//   C unreadable or missing   damaged; range by its neighbours  torn write: cut here
//
// Cutting is safe because nothing past F was acknowledged; a damaged entry may have been, so it is
// reported and never dropped: others hold it, and until it is repaired this member must neither
// deny it nor campaign. A lost hard state is found again in a later record or in the mark; if not,
// the vote is uncertain, and the member must not vote until it has seen a later term.

/// What was found when the log was opened.
public struct LogRecovery: Sendable, Equatable {
    /// The member's term, vote and commit hint.
    public internal(set) var hardState = LogHardState.initial
    /// Whether the vote is known; when not, this member must not vote or campaign in a term it may
    /// have voted in before: it waits for a leader of a later one.
    public internal(set) var isVoteCertain = true
    /// The state up to here is in a snapshot.
    public internal(set) var snapshot = LogPosition.zero
    /// The last place of the log.
    public internal(set) var last = LogPosition.zero
    /// Entries that were written but cannot be read: to be fetched from other members and appended
    /// again, and not to be denied until then.
    public internal(set) var damaged: [ClosedRange<UInt64>] = []
    /// How many records of an unfinished, never acknowledged write were dropped.
    public internal(set) var droppedRecords = 0
    /// Whether there was no log before.
    public internal(set) var isNew = false
    /// What was unusual, in sentences, for the operator's log.
    public internal(set) var notes: [String] = []
}

/// Builds the picture of a log from the records that were found.
struct Replay {
    private(set) var index = LogIndex()
    private(set) var recovery = LogRecovery()
    /// The records that count, in order.
    private(set) var kept: [FoundRecord] = []
    /// The greatest sequence that was ever used for certain.
    private(set) var lastSequence: UInt64
    private let mark: FlushMark?
    private let flushed: UInt64
    /// No more entries than this, or than were lost, are taken to be missing between two.
    private static let gapLimit: UInt64 = 4096
    /// Flushed records that are missing before the next one, not yet accounted for.
    private var lost: UInt64 = 0
    /// The last sequence that may have been a hard state we cannot read.
    private var doubtfulVoteAt: UInt64?
    /// From where on the last loss that was settled took entries.
    private var settledFrom: UInt64?
    /// What has to be written before anything else. What follows a lost end is not known yet, and
    /// the next recovery would otherwise judge the loss by it.
    private(set) var decisions: [LogRecord] = []

    /// `before` is the sequence before the first record that should be there.
    init(_ found: [FoundRecord], mark: FlushMark?, before: UInt64) {
        self.mark = mark
        let proven = found.map(\.header.flushed).max() ?? before
        flushed = max(proven, mark?.sequence ?? 0)
        lastSequence = before
        for (position, record) in found.enumerated() {
            guard take(record) else {
                recovery.droppedRecords = found.count - position
                break
            }
        }
        loseTail()
        // Whoever asks for a vote is judged by the last term: that one the mark keeps too.
        if let mark, mark.sequence >= lastSequence { index.noteLostTerm(mark.last) }
        settleVote()
        recovery.hardState = index.hardState
        recovery.snapshot = index.snapshot
        recovery.last = index.last
        recovery.damaged = index.damaged
        describe()
    }

    /// Whether the record counts; false from the first cut on.
    private mutating func take(_ record: FoundRecord) -> Bool {
        let header = record.header
        // Left over from before a compaction: accounted for by what follows.
        if header.sequence <= lastSequence { return true }
        let missing = header.sequence - lastSequence - 1
        if missing > 0 {
            guard lastSequence < flushed else { return false }
            lose(upTo: min(header.sequence - 1, flushed))
            guard header.sequence - 1 <= flushed else { return false }
        }
        guard record.isWhole || header.sequence <= flushed else { return false }
        lastSequence = header.sequence
        kept.append(record)
        switch header.kind {
        case .entry: settleLost(before: header.index)
        case .truncate: settleLost(before: header.index)
        case .snapshotMark where header.index > index.lastIndex: lost = 0
        case .lost: lost = 0
        case .hardState:
            let isKnown = record.number != nil && record.isVoteCertain
            doubtfulVoteAt = isKnown ? nil : header.sequence
        case .snapshotMark, .boundary: break
        }
        index.apply(header, number: record.number, at: record.location)
        return true
    }

    private mutating func lose(upTo sequence: UInt64) {
        lost += sequence - lastSequence
        lastSequence = sequence
        doubtfulVoteAt = sequence
    }

    /// Accounts for lost records by what must have been in them, now that an entry of index `next`
    /// comes (or entries from `next` on are dropped).
    private mutating func settleLost(before next: UInt64) {
        defer { lost = 0 }
        guard lost > 0 || next > index.lastIndex + 1 else { return }
        // A repair of an earlier loss says nothing about this one.
        if lost == 0, index[next] != nil { return }
        if next > index.lastIndex, next - index.lastIndex - 1 > max(lost, Replay.gapLimit) {
            // More is missing than was ever written here: a snapshot mark was among it.
            recovery.notes.append("the log starts over before entry \(next)")
            index.mark(LogPosition(index: next - 1 - min(lost, next - 1), term: 0))
        }
        let from: UInt64
        if next > index.lastIndex, next - index.lastIndex - 1 == lost {
            // As many lost records as missing entries: they were those entries.
            from = index.lastIndex + 1
        } else {
            // One of them may have dropped entries, the others may have rewritten those.
            let rewritten = lost > 0 ? lost - 1 : 0
            let earliest = next > rewritten ? next - rewritten : 1
            from = min(index.lastIndex + 1, max(earliest, index.firstIndex))
        }
        index.truncate(from: from)
        index.lose(from: from, through: next - 1)
        settledFrom = from
    }

    /// The end of the log may be lost too, which only the mark can tell.
    private mutating func loseTail() {
        if lastSequence < flushed { lose(upTo: flushed) }
        guard lost > 0 else { return }
        settledFrom = nil
        // Without the mark's word the lost records were hard states, or entries nobody can name.
        var last = index.lastIndex
        // Bounded by what was lost: a mark cannot make a log of a million damaged entries.
        if let mark, mark.sequence >= lastSequence, mark.last.index <= index.lastIndex + lost,
            mark.last.index >= index.boundary.index
        {
            last = mark.last.index
        }
        settleLost(before: last + 1)
        index.truncate(from: last + 1)
        decisions.append(.lost(from: settledFrom ?? last + 1, through: last))
    }

    private mutating func settleVote() {
        guard let doubtfulVoteAt else { return }
        if let mark, mark.sequence >= doubtfulVoteAt, mark.isVoteCertain {
            index.hardState = mark.hardState
            if !decisions.isEmpty { decisions.append(.hardState(mark.hardState)) }
        } else {
            index.isVoteCertain = false
            recovery.isVoteCertain = false
        }
    }

    private mutating func describe() {
        if recovery.droppedRecords > 0 {
            recovery.notes.append(
                "an unfinished write of \(recovery.droppedRecords) records was dropped")
        }
        for range in recovery.damaged {
            recovery.notes.append(
                "entries \(range.lowerBound) to \(range.upperBound) cannot be read and are to be "
                    + "fetched from other members")
        }
        if !recovery.isVoteCertain {
            recovery.notes.append("the record of the last vote cannot be read")
        }
    }
}
