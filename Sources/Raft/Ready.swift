// What a member wants done.

/// One round of work, in the order in which it is to be done: see `RawNode`.
public struct Ready: Sendable {
    /// Leader and role, when they changed. Nothing needs to be stored.
    public var softState: SoftState?
    /// Term, vote and commit index to store, when they changed.
    public var hardState: HardState?
    /// Reads that are confirmed.
    public var readStates: [ReadState] = []
    /// Entries to store; they replace what storage has from the first one's index on.
    public var entries: [Entry] = []
    /// What to write over damaged records, before `entries`; made only where storage reports
    /// damage.
    public var repair: StorageRepair?
    /// A snapshot to store and to replace the state machine by, before entries are applied.
    public var snapshot: Snapshot?
    /// Whether the log behind the snapshot stays, which then takes the place of the log's beginning
    /// only; else the log starts over. Only where storage reports damage.
    public var keepsTail = false
    /// Entries to apply.
    public var committedEntries: [Entry] = []
    /// Messages to send, once the above is durable.
    public var messages: [Message] = []
    /// Whether there are new entries, a new term or a new vote: a lone commit index need not be
    /// flushed.
    public var mustSync = false

    /// Whether what is stored must be flushed before messages leave.
    public var needsFlush: Bool { mustSync || snapshot != nil }

    /// Whether there is nothing to do.
    public var isEmpty: Bool {
        softState == nil && hardState == nil && readStates.isEmpty && entries.isEmpty
            && snapshot == nil && repair == nil && committedEntries.isEmpty && messages.isEmpty
    }
}
