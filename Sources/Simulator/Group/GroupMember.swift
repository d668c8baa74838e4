// One member of a simulated group: the core, a log that survives crashes, and a state machine that
// chains everything it applied.

package import Primitives
package import Raft

/// The state machine: a running value that depends on every entry applied, in order.
package struct ChainState: Equatable {
    package var position = LogPosition(term: 0, index: 0)
    package var chain: UInt64 = 0
    package var configuration = ConfigurationState()

    mutating func apply(_ entry: Entry) {
        var hash = SplitMix64(seed: chain ^ entry.index &* 31 ^ entry.term)
        for byte in entry.data { hash = SplitMix64(seed: hash.next() ^ UInt64(byte)) }
        chain = hash.next()
        position = entry.position
    }

    package var snapshot: Snapshot {
        var encoder = BinaryEncoder()
        encoder.sortable(chain)
        return Snapshot(position: position, configuration: configuration, data: encoder.bytes)
    }

    /// Nothing is applied.
    package init() {}

    init(_ snapshot: Snapshot) throws(Refusal) {
        var decoder = BinaryDecoder(snapshot.data)
        chain = try decoder.sortable()
        position = snapshot.position
        configuration = snapshot.configuration
    }
}

/// A member with its storage queues.
package final class GroupMember {
    package let id: MemberID
    package let storage: GroupStorage
    var options: RaftOptions
    package var node: RawNode
    package internal(set) var isUp = true
    var appendQueue: [Message] = []
    var applyQueue: [Message] = []
    /// Until this step it stands still, and what comes waits in `held`.
    var pausedUntil = 0
    var held: [Message] = []
    /// Until this step its disk works on nothing.
    var diskBusyUntil = 0
    /// What it was last seen to count as committed, and the term that it then led, or 0.
    var seenCommit: LogIndex = 0
    var seenLeading: Term = 0
    let observe: (TraceEvent) -> Void

    package init(
        options: RaftOptions, founding: Snapshot?, flaw: GroupStorage.Flaw? = nil,
        offersSaved: Bool = false, observe: @escaping (TraceEvent) -> Void
    ) throws(Refusal) {
        id = options.id
        storage = GroupStorage(flaw: flaw, offersSaved: offersSaved)
        self.options = options
        self.observe = observe
        if let founding {
            try storage.memory.apply(founding)
            storage.state = try ChainState(founding)
            storage.saved = storage.state
            self.options.appliedIndex = founding.index
        }
        node = try RawNode(options: self.options, storage: storage, observe: observe)
    }

    /// Loses everything that was not written; perhaps also the applied state and what was written
    /// and not flushed, which can only be a commit index.
    package func crash(losesState: Bool) {
        isUp = false
        appendQueue = []
        applyQueue = []
        held = []
        pausedUntil = 0
        guard losesState else { return }
        storage.state = storage.saved
        storage.hardState = storage.flushedState
    }

    package func restart(seed: UInt64) throws(Refusal) {
        options.seed = seed
        options.appliedIndex = storage.state.position.index
        node = try RawNode(options: options, storage: storage, observe: observe)
        seenCommit = node.committedIndex
        seenLeading = 0
        isUp = true
    }

    package func persist(
        _ state: HardState?, _ entries: [Entry], _ snapshot: Snapshot?, keepsTail: Bool = false,
        isFlushed: Bool, repair: StorageRepair? = nil
    ) throws(Refusal) {
        if let repair { try storage.write(repair) }
        if let state {
            if state.term != storage.hardState.term || state.vote != storage.hardState.vote {
                storage.earlierState = storage.hardState
            }
            storage.hardState = state
        }
        if isFlushed { storage.flushedState = storage.hardState }
        if let snapshot {
            if keepsTail {
                try storage.memory.compact(through: snapshot.index)
            } else {
                try storage.memory.apply(snapshot)
            }
            storage.damagedIndexes = storage.damagedIndexes.filter {
                keepsTail && $0.key > snapshot.index
            }
            if storage.flaw == .snapshotWithoutState {
                storage.state.position = snapshot.position
                storage.state.configuration = snapshot.configuration
            } else {
                storage.state = try ChainState(snapshot)
            }
            storage.saved = storage.state
        }
        if let first = entries.first?.index {
            storage.damagedIndexes = storage.damagedIndexes.filter { $0.key < first }
        }
        try storage.memory.append(entries)
    }

    package func apply(_ entries: [Entry], _ check: (ChainState) -> Void) throws(Refusal) {
        for entry in entries where entry.index > storage.state.position.index {
            if let change = try entry.configurationChange() {
                storage.state.configuration = try node.applyConfigurationChange(change)
            }
            storage.state.apply(entry)
            check(storage.state)
        }
    }

    /// Forgets the log up to the applied entry, but for a few.
    package func compact(keeping count: LogIndex) throws(Refusal) {
        let applied = node.appliedIndex
        guard applied > count, applied - count >= storage.firstIndex else { return }
        storage.saved = storage.state
        try storage.memory.compact(through: applied - count)
        storage.damagedIndexes = storage.damagedIndexes.filter { $0.key >= storage.firstIndex }
    }
}
