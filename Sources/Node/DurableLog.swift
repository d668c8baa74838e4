// The consensus core's storage over the member's own log on disk.
//
// The genesis stands at index 1 as a snapshot that every member has; entries follow it. What a
// snapshot covers may leave the log: the history keeps it for audits.

package import ControlPlane
package import LogStore
package import Primitives
package import Raft
import Synchronization

/// The durable log as the core reads it and the driver writes it.
package final class DurableLog: Storage {
    private let store: LogStore
    private let seats: [UInt64]
    private let appliedIndex: UInt64
    private let configuration: ConfigurationState
    /// The newest durable snapshot, to be sent to who needs entries that are gone.
    package var newestSnapshot: Snapshot?
    /// Bytes of entries handed to the store since this was last set to zero.
    package var bytesWritten: UInt64 = 0
    /// The last index handed to the store, which may not be on the disk yet.
    private var lastWritten: UInt64
    /// The snapshot behind which the log was last made to start over, perhaps not on the disk yet.
    private var startsOver: LogIndex = 0
    private var recent: RecentEntries
    /// What the log was last asked to keep of the hard state.
    private var lastState: HardState
    /// Whether its commit index waits to be written with something else.
    private var isCommitWaiting = false
    /// Batches handed to the store that are not known to be on the disk.
    private let underWay = UnderWay()

    private static let genesis = CorePosition(term: 1, index: StateMachine.genesisIndex)

    /// Opens the log.
    ///
    /// - Parameters:
    ///   - appliedIndex: how far the state is applied; those entries are committed for certain.
    ///   - appliedTerm: the term of the last of them, where the state knows it.
    ///   - configuration: the membership as of that entry; nil for the genesis'.
    ///   - covered: the place up to which a durable snapshot holds the state; nil for the genesis.
    ///   - recentBytes: how much of the log's end is kept in memory, so as not to be read back.
    package init(
        folder: String, genesis: Genesis, appliedIndex: UInt64, appliedTerm: UInt64 = 0,
        configuration: ConfigurationState? = nil, covered: CorePosition? = nil,
        options: LogOptions = LogOptions(), recentBytes: Int = 0, disk: any LogDisk = SystemDisk()
    ) throws(Refusal) {
        recent = RecentEntries(limit: recentBytes)
        store = try LogStore(folder: folder, options: options, disk: disk)
        seats = genesis.seats.map(\.id)
        self.appliedIndex = appliedIndex
        self.configuration = configuration ?? ConfigurationState(voters: genesis.seats.map(\.id))
        lastWritten = store.lastIndex
        let saved = store.hardState
        lastState = HardState(term: saved.term, vote: saved.vote, commit: saved.commit)
        if store.lastIndex < DurableLog.genesis.index {
            try store.commit([
                .snapshotMark(
                    StoredPosition(
                        index: DurableLog.genesis.index, term: DurableLog.genesis.term))
            ])
            lastWritten = store.lastIndex
        }
        try letGoOfLostBeginning(covered ?? DurableLog.genesis)
        try followState(to: CorePosition(term: appliedTerm, index: appliedIndex))
        guard appliedIndex + 1 >= store.firstIndex else {
            throw Refusal(
                "state.behind-log",
                "the state is at entry \(appliedIndex), the log begins at \(store.firstIndex)")
        }
        guard appliedIndex <= store.lastIndex else {
            throw Refusal(
                "state.ahead-of-log",
                "the state is at entry \(appliedIndex), the log ends at \(store.lastIndex)")
        }
    }

    /// A snapshot was put in the state's place, and what the log was to write of that did not reach
    /// the disk. The log may end before the state; or what the snapshot replaced is still here, and
    /// contradicts what was committed from the snapshot's place on.
    private func followState(to applied: CorePosition) throws(Refusal) {
        guard applied.term > 0, applied.index >= store.firstIndex else { return }
        var records: [LogRecord] = []
        if applied.index <= store.lastIndex {
            // Nothing is concluded from what cannot be read.
            guard let own = try? store.term(at: applied.index), own != applied.term else { return }
            records.append(.truncate(from: applied.index))
        }
        records.append(
            .snapshotMark(StoredPosition(index: applied.index, term: applied.term)))
        try store.commit(records)
        lastWritten = store.lastIndex
    }

    /// Where the log begins may be lost with the record that said so: then everything before the
    /// first entry that was found counts as unreadable. What a snapshot covers is not needed.
    private func letGoOfLostBeginning(_ covered: CorePosition) throws(Refusal) {
        let first = store.firstIndex
        guard first <= covered.index, covered.index <= store.lastIndex,
            let lost = store.damaged.first, lost.lowerBound == first,
            first <= DurableLog.genesis.index || lost.upperBound <= covered.index
        else { return }
        let place = StoredPosition(index: covered.index, term: covered.term)
        try store.commit([.snapshotMark(place), .boundary(place)])
        lastWritten = store.lastIndex
    }

    /// What was unusual when the log was opened, in sentences.
    package var notes: [String] { store.recovery.notes }

    /// What lets go of the log's beginning.
    func compactor(_ history: History) -> LogCompactor {
        LogCompactor(store: store, history: history)
    }

    /// Writes what waits and ends the log's thread.
    package func close() {
        if isCommitWaiting { store.append([.hardState(DurableLog.stored(lastState))]) { _ in } }
        store.close()
    }

    // MARK: Reading

    /// Term, vote and commit index, and the deployment's seats.
    package func initialState() throws(Refusal) -> (HardState, ConfigurationState) {
        let saved = store.hardState
        let state = HardState(
            term: max(saved.term, DurableLog.genesis.term), vote: saved.vote,
            commit: max(saved.commit, appliedIndex, DurableLog.genesis.index))
        return (state, configuration)
    }

    /// Entries on the disk.
    package func entries(
        from low: LogIndex, to high: LogIndex, maximumBytes: UInt64
    ) throws(Refusal) -> [Entry] {
        guard low < high else { return [] }
        if let kept = recent.slice(from: low, to: high), low >= firstIndex {
            return Array(kept).prefix(maximumBytes: maximumBytes)
        }
        let budget = Int(min(maximumBytes, 64 << 20))
        let stored: [LogEntry]
        do throws(Refusal) {
            stored = try store.entries(from: low, to: high - 1, byteBudget: budget)
        } catch {
            // Compaction goes on beside the core.
            guard error.code == "log.compacted" else { throw error }
            throw Refusal("storage.compacted", error.message)
        }
        return try stored.map { (entry) throws(Refusal) in
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
        guard index + 1 >= firstIndex, index <= lastIndex else { return nil }
        do throws(Refusal) {
            return try store.term(at: index)
        } catch {
            // Let go meanwhile, or lost with the record: then the core asks other members.
            guard error.code == "log.compacted" || error.code == "log.damaged" else { throw error }
            return nil
        }
    }

    /// The first entry that is kept.
    package var firstIndex: LogIndex { max(store.firstIndex, DurableLog.genesis.index + 1) }

    /// The last entry on the disk.
    package var lastIndex: LogIndex { store.lastIndex }

    /// Entries that cannot be read.
    package var damaged: [ClosedRange<LogIndex>] { store.damaged }

    /// Whether the stored vote is all that this member ever voted.
    package var isVoteCertain: Bool { store.isVoteCertain }

    /// The newest snapshot; the genesis, which every member has, as long as no entry is gone.
    package func snapshot() throws(Refusal) -> Snapshot {
        if let newestSnapshot, newestSnapshot.index + 1 >= firstIndex { return newestSnapshot }
        guard firstIndex == DurableLog.genesis.index + 1 else {
            throw Refusal("storage.snapshot-not-ready", "a snapshot is still to be made")
        }
        return Snapshot(
            position: DurableLog.genesis, configuration: ConfigurationState(voters: seats),
            data: [])
    }

    // MARK: Writing

    /// Queues what the core wants stored; once it is on the disk, or will never be, `report` is
    /// told on the log's thread. True when nothing had to be stored or waited for: then `report`
    /// is not called, and the answers are due now.
    func write(
        _ message: Message, report: @escaping @Sendable (MemberInput) -> Void
    ) throws(Refusal) -> Bool {
        let records = try records(of: message)
        let responses = message.responses
        // Answers without records wait for the batches before them all the same: they may promise
        // what those contain.
        if records.isEmpty, responses.isEmpty || underWay.isEmpty { return true }
        underWay.begin()
        store.append(records) { [underWay] result in
            switch result {
            case .success:
                report(.stored(responses))
                underWay.end()
            case .failure(let refusal):
                // It never ends: whatever follows is not to be promised either.
                report(.logFailed(refusal))
            }
        }
        return false
    }

    /// Lets go of entries up to `last`, which a durable snapshot of `covered` holds; for
    /// simulations, whose members keep no history.
    package func compact(through last: UInt64, covered: CorePosition) throws(Refusal) {
        // A snapshot that was just taken in is not marked here yet: behind its place the log would
        // start over, without the entries that wait to be written.
        guard last >= store.firstIndex, last <= covered.index, covered.index <= store.lastIndex,
            startsOver < store.firstIndex
        else { return }
        try store.commit([
            .snapshotMark(StoredPosition(index: covered.index, term: covered.term))
        ])
        try store.compact(through: last)
    }

    /// Stores the records of a batch before it returns; for simulations.
    package func commit(_ records: [LogRecord]) throws(Refusal) { try store.commit(records) }

    /// What the log has to write of what the core wants stored. To be asked for each batch once, in
    /// order: what replaces an entry depends on the batches before.
    package func records(of message: Message) throws(Refusal) -> [LogRecord] {
        var records = (message.repair?.entries ?? []).map(DurableLog.record(of:))
        if let snapshot = message.snapshot, message.keepsTail {
            // What is behind its place stays: others may count on it.
            let place = StoredPosition(index: snapshot.index, term: snapshot.term)
            records += [.snapshotMark(place), .boundary(place)]
        } else if let snapshot = message.snapshot {
            // Whatever is here at or behind its place contradicts it: the log starts over.
            if snapshot.index <= lastWritten { records.append(.truncate(from: snapshot.index)) }
            records.append(
                .snapshotMark(StoredPosition(index: snapshot.index, term: snapshot.term)))
            lastWritten = snapshot.index
            startsOver = snapshot.index
            recent.clear()
        }
        if let first = message.entries.first, first.index <= lastWritten {
            records.append(.truncate(from: first.index))
        }
        recent.append(message.entries)
        for entry in message.entries {
            records.append(DurableLog.record(of: entry))
            lastWritten = entry.index
            bytesWritten += UInt64(entry.data.count)
        }
        // After the entries: its commit index may cover them, and what they replace was never
        // committed.
        if let state = hardState(of: message, isAlone: records.isEmpty) {
            let isRestored = message.repair?.restoresVote == true
            let stored = DurableLog.stored(state)
            records.append(isRestored ? .restoredVote(stored) : .hardState(stored))
        }
        return records
    }

    /// What to keep of the hard state now. A commit index alone is not worth a write: it only saves
    /// time after a crash, and goes with what is written next.
    private func hardState(of message: Message, isAlone: Bool) -> HardState? {
        let isRestored = message.repair?.restoresVote == true
        if let state = message.hardState {
            let isOnlyCommit = state.term == lastState.term && state.vote == lastState.vote
            lastState = state
            isCommitWaiting = isAlone && isOnlyCommit && !isRestored
            return isCommitWaiting ? nil : state
        }
        guard isCommitWaiting, !isAlone else { return nil }
        isCommitWaiting = false
        return lastState
    }

    private static func stored(_ state: HardState) -> LogHardState {
        LogHardState(term: state.term, vote: state.vote, commit: state.commit)
    }

    private static func record(of entry: Entry) -> LogRecord {
        .entry(
            LogEntry(
                index: entry.index, term: entry.term, payload: [entry.kind.rawValue] + entry.data))
    }
}

/// Counts batches on their way; begun on the member's thread, ended on the log's.
private final class UnderWay: Sendable {
    private let count = Atomic<Int>(0)

    var isEmpty: Bool { count.load(ordering: .acquiring) == 0 }

    func begin() { count.add(1, ordering: .relaxed) }

    func end() { count.subtract(1, ordering: .releasing) }
}
