// What the log holds. It knows nothing of consensus but these words.

/// A place in the log: an entry's index and the term it was written in.
public struct LogPosition: Sendable, Equatable, Hashable {
    /// The entry's index; the first entry of a log has 1.
    public let index: UInt64
    /// The term of the leader that wrote it.
    public let term: UInt64

    /// Before the first entry.
    public static let zero = LogPosition(index: 0, term: 0)

    /// Names a place.
    public init(index: UInt64, term: UInt64) {
        self.index = index
        self.term = term
    }
}

/// One entry of the replicated log.
public struct LogEntry: Sendable, Equatable {
    /// Its index and term.
    public let position: LogPosition
    /// What it carries.
    public let payload: [UInt8]

    /// Its index.
    public var index: UInt64 { position.index }
    /// Its term.
    public var term: UInt64 { position.term }

    /// Makes an entry.
    public init(index: UInt64, term: UInt64, payload: [UInt8]) {
        position = LogPosition(index: index, term: term)
        self.payload = payload
    }
}

/// What a member must not forget between lives.
public struct LogHardState: Sendable, Equatable {
    /// The latest term it has seen.
    public var term: UInt64
    /// Whom it voted for in that term; 0 for nobody.
    public var vote: UInt64
    /// An index known to be committed; a hint, so it need not be flushed.
    public var commit: UInt64

    /// Nothing seen, nobody voted for.
    public static let initial = LogHardState(term: 0, vote: 0, commit: 0)

    /// Makes a state.
    public init(term: UInt64, vote: UInt64, commit: UInt64) {
        self.term = term
        self.vote = vote
        self.commit = commit
    }
}

/// One thing to write.
public enum LogRecord: Sendable, Equatable {
    /// The next entry; or, where the entry of that index is damaged, its repair.
    case entry(LogEntry)
    /// A new term, vote or commit hint.
    case hardState(LogHardState)
    /// A new state of a member that did not know its vote, and does again.
    case restoredVote(LogHardState)
    /// Entries from this index on no longer count.
    case truncate(from: UInt64)
    /// The state up to here is in a snapshot. Past the end of the log, or in another term, the log
    /// starts over behind it.
    case snapshotMark(LogPosition)
    /// Entries up to here are no longer needed. Written by `LogStore.compact`.
    case boundary(LogPosition)
    /// The end of the log was lost: entries from `from` through `through` were written and cannot
    /// be read. Written by recovery, refused from others.
    case lost(from: UInt64, through: UInt64)
}
