// The consensus core's storage over the member's own log on disk.
//
// The genesis stands at index 1 as a snapshot that every member has; entries follow it. No entry is
// ever dropped: an audit reads them all.

package import ControlPlane
package import LogStore
package import Primitives
package import Raft

/// The durable log as the core reads it and the driver writes it.
package final class DurableLog: Storage {
    private let store: LogStore
    private let seats: [UInt64]
    private let appliedIndex: UInt64
    /// The last index handed to the store, which may not be on the disk yet.
    private var lastWritten: UInt64

    private static let genesis = CorePosition(term: 1, index: StateMachine.genesisIndex)

    /// Opens the log.
    ///
    /// - Parameters:
    ///   - appliedIndex: how far the state is applied; those entries are committed for certain.
    package init(
        folder: String, genesis: Genesis, appliedIndex: UInt64, options: LogOptions = LogOptions(),
        disk: any LogDisk = SystemDisk()
    ) throws(Refusal) {
        store = try LogStore(folder: folder, options: options, disk: disk)
        seats = genesis.seats.map(\.id)
        self.appliedIndex = appliedIndex
        lastWritten = store.lastIndex
        if store.lastIndex < DurableLog.genesis.index {
            try store.commit([
                .snapshotMark(
                    StoredPosition(
                        index: DurableLog.genesis.index, term: DurableLog.genesis.term))
            ])
            lastWritten = store.lastIndex
        }
        guard appliedIndex <= store.lastIndex else {
            throw Refusal(
                "state.ahead-of-log",
                "the state is at entry \(appliedIndex), the log ends at \(store.lastIndex)")
        }
    }

    /// What was unusual when the log was opened, in sentences.
    package var notes: [String] { store.recovery.notes }

    /// Writes what waits and ends the log's thread.
    package func close() { store.close() }

    // MARK: Reading

    /// Term, vote and commit index, and the deployment's seats.
    package func initialState() throws(Refusal) -> (HardState, ConfigurationState) {
        let saved = store.hardState
        let state = HardState(
            term: max(saved.term, DurableLog.genesis.term), vote: saved.vote,
            commit: max(saved.commit, appliedIndex, DurableLog.genesis.index))
        return (state, ConfigurationState(voters: seats))
    }

    /// Entries on the disk.
    package func entries(
        from low: LogIndex, to high: LogIndex, maximumBytes: UInt64
    ) throws(Refusal) -> [Entry] {
        guard low < high else { return [] }
        let budget = Int(min(maximumBytes, 64 << 20))
        return try store.entries(from: low, to: high - 1, byteBudget: budget).map {
            (entry) throws(Refusal) in
            guard let first = entry.payload.first, let kind = EntryKind(rawValue: first) else {
                throw Refusal("storage.malformed", "entry \(entry.index) has no kind")
            }
            return Entry(
                term: entry.term, index: entry.index, kind: kind,
                data: Array(entry.payload.dropFirst()))
        }
    }

    /// The term of an entry on the disk, or of the genesis.
    package func term(at index: LogIndex) throws(Refusal) -> Term? {
        if index == DurableLog.genesis.index { return DurableLog.genesis.term }
        guard index >= firstIndex, index <= lastIndex else { return nil }
        return try store.term(at: index)
    }

    /// The first entry that is kept.
    package var firstIndex: LogIndex { max(store.firstIndex, DurableLog.genesis.index + 1) }

    /// The last entry on the disk.
    package var lastIndex: LogIndex { store.lastIndex }

    /// The genesis, which every member has.
    package func snapshot() throws(Refusal) -> Snapshot {
        Snapshot(
            position: DurableLog.genesis, configuration: ConfigurationState(voters: seats),
            data: [])
    }

    // MARK: Writing

    /// Queues what the core wants stored; once it is on the disk, or will never be, `report` is
    /// told on the log's thread.
    func write(
        _ message: Message, report: @escaping @Sendable (MemberInput) -> Void
    ) throws(Refusal) {
        let records = try records(of: message)
        let responses = message.responses
        // Answers without records wait for the batches before them all the same: they may promise
        // what those contain.
        store.append(records) { result in
            switch result {
            case .success: report(.stored(responses))
            case .failure(let refusal): report(.logFailed(refusal))
            }
        }
    }

    /// Stores the records of a batch before it returns; for simulations.
    package func commit(_ records: [LogRecord]) throws(Refusal) { try store.commit(records) }

    /// What the log has to write of what the core wants stored. To be asked for each batch once, in
    /// order: what replaces an entry depends on the batches before.
    package func records(of message: Message) throws(Refusal) -> [LogRecord] {
        guard message.snapshot == nil else {
            throw Refusal("storage.snapshot", "a snapshot cannot be taken in by this version")
        }
        var records: [LogRecord] = []
        if let first = message.entries.first, first.index <= lastWritten {
            records.append(.truncate(from: first.index))
        }
        for entry in message.entries {
            records.append(
                .entry(
                    LogEntry(
                        index: entry.index, term: entry.term,
                        payload: [entry.kind.rawValue] + entry.data)))
            lastWritten = entry.index
        }
        // After the entries: its commit index may cover them, and what they replace was never
        // committed.
        if let state = message.hardState {
            records.append(
                .hardState(
                    LogHardState(term: state.term, vote: state.vote, commit: state.commit)))
        }
        return records
    }
}
