// The end of the log that is not known to be durable yet.
//
//        offset        offsetInProgress        last + 1
//          |  being written  |  to be written  |
//   [ stable ][ .............................. ]
//
// `offset` may lie below storage's last index: the next write then replaces the log's tail.

/// Entries and a snapshot on their way to storage.
struct UnstableLog {
    private(set) var snapshot: Snapshot?
    private(set) var isSnapshotInProgress = false
    /// Whether the snapshot takes the place of storage's beginning only.
    private(set) var keepsTail = false
    private(set) var entries: [Entry] = []
    private(set) var offset: LogIndex
    private(set) var offsetInProgress: LogIndex
    let trace: Tracer

    init(offset: LogIndex, trace: Tracer) {
        self.offset = offset
        offsetInProgress = offset
        self.trace = trace
    }

    /// The first index of the log, where an incoming snapshot decides it.
    var firstIndex: LogIndex? { snapshot.map { $0.index + 1 } }

    /// The last index of the log, where it lies here.
    var lastIndex: LogIndex? {
        if !entries.isEmpty { return offset + LogIndex(entries.count) - 1 }
        return snapshot.map { max($0.index, offset - 1) }
    }

    /// The term at `index`, if it lies here.
    func term(at index: LogIndex) -> Term? {
        if index < offset {
            guard let snapshot, snapshot.index == index else { return nil }
            return snapshot.term
        }
        guard index - offset < LogIndex(entries.count) else { return nil }
        return entries[Int(index - offset)].term
    }

    /// Whether entries wait to be handed out.
    var hasNextEntries: Bool { LogIndex(entries.count) > offsetInProgress - offset }

    /// The entries that no `Ready` handed out yet.
    var nextEntries: [Entry] {
        let begun = Int(offsetInProgress - offset)
        return begun == 0 ? entries : Array(entries[begun...])
    }

    /// The snapshot, unless a `Ready` handed it out.
    var nextSnapshot: Snapshot? { isSnapshotInProgress ? nil : snapshot }

    /// The entries in `low..<high`, which lie here.
    func slice(from low: LogIndex, to high: LogIndex) -> ArraySlice<Entry> {
        let end = min(high, offset + LogIndex(entries.count))
        guard low >= offset, low <= end else { return [] }
        return entries[Int(low - offset)..<Int(end - offset)]
    }

    /// Notes that a `Ready` handed out everything.
    mutating func acceptInProgress() {
        if let last = entries.last { offsetInProgress = last.index + 1 }
        if snapshot != nil { isSnapshotInProgress = true }
    }

    /// Lets go of the entries through `position`, now durable.
    ///
    /// Only when the entry here is still that one: it may have been replaced while the old one
    /// was being written.
    mutating func stable(to position: LogPosition) {
        guard let term = term(at: position.index) else {
            trace(.stableEntryMissing(index: position.index))
            return
        }
        guard position.index >= offset else {
            trace(.stableEntryInSnapshot(index: position.index))
            return
        }
        guard term == position.term else {
            trace(.stableEntryReplaced(acknowledged: position, term: term))
            return
        }
        entries.removeFirst(Int(position.index + 1 - offset))
        offset = position.index + 1
        offsetInProgress = max(offsetInProgress, offset)
    }

    /// Lets go of the snapshot at `index`, now durable.
    mutating func stableSnapshot(to index: LogIndex) {
        guard let snapshot, snapshot.index == index else { return }
        self.snapshot = nil
        isSnapshotInProgress = false
        keepsTail = false
    }

    /// Begins anew after `snapshot`.
    mutating func restore(_ snapshot: Snapshot) {
        offset = snapshot.index + 1
        offsetInProgress = offset
        entries = []
        self.snapshot = snapshot
        isSnapshotInProgress = false
        keepsTail = false
    }

    /// Begins after `snapshot`, which lies in storage's log, and goes on as it is.
    mutating func replaceBeginning(by snapshot: Snapshot) {
        self.snapshot = snapshot
        isSnapshotInProgress = false
        keepsTail = true
    }

    /// Appends, replacing everything from the first new index on.
    mutating func truncateAndAppend(_ new: [Entry]) {
        guard let first = new.first?.index else { return }
        if first == offset + LogIndex(entries.count) {
            entries.append(contentsOf: new)
        } else if first <= offset {
            trace(.unstableReplaced(from: first))
            entries = new
            offset = first
            offsetInProgress = first
        } else {
            trace(.unstableTruncated(before: first))
            entries.removeLast(entries.count - Int(first - offset))
            entries.append(contentsOf: new)
            offsetInProgress = min(offsetInProgress, first)
        }
    }
}
