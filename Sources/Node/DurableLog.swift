// The consensus core's storage over the member's own log on disk.
//
// The genesis stands at index 1 as a snapshot that every member has; entries follow it. No entry is
// ever dropped: an audit reads them all.

import ControlPlane
import LogStore
import Platform
import Primitives
import Raft
import Synchronization

/// The durable log as the core reads it and the driver writes it.
final class DurableLog: Storage {
    private let store: LogStore
    private let seats: [UInt64]
    private let appliedIndex: UInt64
    private let report: @Sendable (MemberInput) -> Void
    /// The last index handed to the store, which may not be on the disk yet.
    private var lastWritten: UInt64

    private static let genesis = CorePosition(term: 1, index: StateMachine.genesisIndex)

    /// Opens the log.
    ///
    /// - Parameters:
    ///   - appliedIndex: how far the state is applied; those entries are committed for certain.
    ///   - report: told, on another thread, what was written.
    init(
        folder: String, genesis: Genesis, appliedIndex: UInt64,
        report: @escaping @Sendable (MemberInput) -> Void
    ) throws(Refusal) {
        store = try LogStore(folder: folder)
        seats = genesis.seats.map(\.id)
        self.appliedIndex = appliedIndex
        self.report = report
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
    var notes: [String] { store.recovery.notes }

    func close() { store.close() }

    // MARK: Reading

    func initialState() throws(Refusal) -> (HardState, ConfigurationState) {
        let saved = store.hardState
        let state = HardState(
            term: max(saved.term, DurableLog.genesis.term), vote: saved.vote,
            commit: max(saved.commit, appliedIndex, DurableLog.genesis.index))
        return (state, ConfigurationState(voters: seats))
    }

    func entries(
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

    func term(at index: LogIndex) throws(Refusal) -> Term? {
        if index == DurableLog.genesis.index { return DurableLog.genesis.term }
        guard index >= firstIndex, index <= lastIndex else { return nil }
        return try store.term(at: index)
    }

    var firstIndex: LogIndex { max(store.firstIndex, DurableLog.genesis.index + 1) }

    var lastIndex: LogIndex { store.lastIndex }

    func snapshot() throws(Refusal) -> Snapshot {
        Snapshot(
            position: DurableLog.genesis, configuration: ConfigurationState(voters: seats),
            data: [])
    }

    // MARK: Writing

    /// Queues what the core wants stored; the answers it owes come back through `report`.
    func write(_ message: Message) throws(Refusal) {
        guard message.snapshot == nil else {
            throw Refusal("storage.snapshot", "a snapshot cannot be taken in by this version")
        }
        var records: [LogRecord] = []
        if let state = message.hardState {
            records.append(
                .hardState(
                    LogHardState(term: state.term, vote: state.vote, commit: state.commit)))
        }
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
        let responses = message.responses
        // Answers without records wait for the batches before them all the same: they may promise
        // what those contain.
        store.append(records) { [report] result in
            switch result {
            case .success: report(.stored(responses))
            case .failure(let refusal): report(.logFailed(refusal))
            }
        }
    }
}
