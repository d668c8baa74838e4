// What the core asks of the disk.

public import Primitives

/// The durable log, as the core reads it. Writing is the driver's: it happens between `ready` and
/// `advance`, or in the storage tasks.
///
/// Everything a `Ready` (or `storageAppend`) asked to be written, and whose completion was
/// reported, must be visible here. A refusal stops the member for good: its promises cannot be
/// kept by a log that cannot be read. The exceptions are named at the functions.
public protocol Storage: AnyObject {
    /// The vote, term and commit index, and the membership of the last snapshot or applied state.
    func initialState() throws(Refusal) -> (HardState, ConfigurationState)

    /// The entries in `low..<high`, at most `maximumBytes` of them, but at least one.
    ///
    /// Throws `storage.compacted` when `low` is before `firstIndex`; the core then sends a
    /// snapshot. Throws `log.damaged` when the first cannot be read; it is then in `damaged`, and
    /// the core fetches it from others.
    func entries(
        from low: LogIndex, to high: LogIndex, maximumBytes: UInt64
    ) throws(Refusal) -> [Entry]

    /// The term at `index`, for `firstIndex - 1 ... lastIndex`; nil outside of it, and where it was
    /// lost with a damaged entry.
    func term(at index: LogIndex) throws(Refusal) -> Term?

    /// The index of the first entry that can still be read; one past a snapshot's.
    var firstIndex: LogIndex { get }

    /// The index of the last entry, or of the snapshot when there is none.
    var lastIndex: LogIndex { get }

    /// The latest snapshot.
    ///
    /// Throws `storage.snapshot-not-ready` when it needs time to be made; the core asks again.
    func snapshot() throws(Refusal) -> Snapshot

    /// Entries that were written and are known to be unreadable, ascending.
    var damaged: [ClosedRange<LogIndex>] { get }

    /// Whether the vote in `initialState` is all that this member ever voted.
    var isVoteCertain: Bool { get }
}

/// A log that keeps what it was given.
extension Storage {
    /// None.
    public var damaged: [ClosedRange<LogIndex>] { [] }

    /// It is.
    public var isVoteCertain: Bool { true }
}
