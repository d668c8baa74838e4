// A log in memory: for tests, simulations and transcripts.

public import Primitives

/// A `Storage` in an array, with the writing half that a driver needs.
public final class MemoryStorage: Storage {
    private var hardState = HardState()
    private var latestSnapshot = Snapshot()
    // The position just before the first entry: its term is still needed to match appends.
    private var base = LogPosition(term: 0, index: 0)
    private var log: [Entry] = []

    /// An empty log.
    public init() {}

    /// The index of the first entry.
    public var firstIndex: LogIndex { base.index + 1 }

    /// The index of the last entry.
    public var lastIndex: LogIndex { base.index + LogIndex(log.count) }

    /// The stored state and the membership of the snapshot.
    public func initialState() throws(Refusal) -> (HardState, ConfigurationState) {
        (hardState, latestSnapshot.configuration)
    }

    /// The entries in `low..<high`, as far as `maximumBytes` reach.
    public func entries(
        from low: LogIndex, to high: LogIndex, maximumBytes: UInt64
    ) throws(Refusal) -> [Entry] {
        guard low >= firstIndex else {
            throw Refusal("storage.compacted", "entry \(low) is before the first, \(firstIndex)")
        }
        guard low <= high, high <= lastIndex + 1 else {
            throw Refusal("storage.unavailable", "entries \(low)..<\(high) are not in the log")
        }
        let range = Int(low - firstIndex)..<Int(high - firstIndex)
        return Array(log[range]).prefix(maximumBytes: maximumBytes)
    }

    /// The term at `index`, if known.
    public func term(at index: LogIndex) throws(Refusal) -> Term? {
        if index == base.index { return base.term }
        guard index >= firstIndex, index <= lastIndex else { return nil }
        return log[Int(index - firstIndex)].term
    }

    /// The latest snapshot.
    public func snapshot() throws(Refusal) -> Snapshot { latestSnapshot }
}

// MARK: Writing

extension MemoryStorage {
    /// Replaces the stored state.
    public func setHardState(_ state: HardState) { hardState = state }

    /// Replaces everything by `snapshot`; refuses one that is not newer
    /// (`storage.snapshot-out-of-date`).
    public func apply(_ snapshot: Snapshot) throws(Refusal) {
        guard snapshot.index > latestSnapshot.index || latestSnapshot.isEmpty else {
            throw Refusal(
                "storage.snapshot-out-of-date",
                "snapshot \(snapshot.index) is not newer than \(latestSnapshot.index)")
        }
        latestSnapshot = snapshot
        base = snapshot.position
        log = []
    }

    /// Records that the state machine at `index` was saved; the log stays.
    public func createSnapshot(
        at index: LogIndex, configuration: ConfigurationState, data: [UInt8]
    ) throws(Refusal) {
        guard index > latestSnapshot.index, let term = try term(at: index) else {
            throw Refusal(
                "storage.snapshot-out-of-date", "no snapshot can be made at index \(index)")
        }
        latestSnapshot = Snapshot(
            position: LogPosition(term: term, index: index), configuration: configuration,
            data: data)
    }

    /// Discards the entries through `index`, which must be applied.
    public func compact(through index: LogIndex) throws(Refusal) {
        guard index > base.index else {
            throw Refusal("storage.compacted", "the log already begins after \(index)")
        }
        guard index <= lastIndex, let term = try term(at: index) else {
            throw Refusal("storage.unavailable", "entry \(index) is not in the log")
        }
        log.removeFirst(Int(index - base.index))
        base = LogPosition(term: term, index: index)
    }

    /// Writes entries, replacing what they overlap.
    public func append(_ entries: [Entry]) throws(Refusal) {
        // Entries that a snapshot already covers are dropped.
        let fresh = entries.drop { $0.index < firstIndex }
        guard let first = fresh.first else { return }
        guard first.index <= lastIndex + 1 else {
            throw Refusal(
                "storage.unavailable", "entry \(first.index) would leave a gap after \(lastIndex)")
        }
        log.removeLast(Int(lastIndex + 1 - first.index))
        log.append(contentsOf: fresh)
    }
}

// MARK: Repairing

extension MemoryStorage {
    /// Puts an entry in the place of the one that has its index.
    package func replace(_ entry: Entry) throws(Refusal) {
        guard entry.index >= firstIndex, entry.index <= lastIndex else {
            throw Refusal("storage.unavailable", "entry \(entry.index) is not in the log")
        }
        log[Int(entry.index - firstIndex)] = entry
    }
}
