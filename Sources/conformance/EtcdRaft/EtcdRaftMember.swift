// One member of a scripted group: the core, its storage and its state machine.

import Primitives
import Raft

/// Storage whose snapshot is always the state machine's latest, as etcd's harness has it.
final class EtcdRaftStorage: Storage {
    let memory = MemoryStorage()
    /// The state after every applied entry; the first is the one it began with.
    var history: [Snapshot]

    init(initial: Snapshot) { history = [initial] }

    var firstIndex: LogIndex { memory.firstIndex }
    var lastIndex: LogIndex { memory.lastIndex }

    func initialState() throws(Refusal) -> (HardState, ConfigurationState) {
        try memory.initialState()
    }

    func entries(
        from low: LogIndex, to high: LogIndex, maximumBytes: UInt64
    ) throws(Refusal) -> [Entry] {
        try memory.entries(from: low, to: high, maximumBytes: maximumBytes)
    }

    func term(at index: LogIndex) throws(Refusal) -> Term? { try memory.term(at: index) }

    func snapshot() throws(Refusal) -> Snapshot { history.last ?? Snapshot() }
}

/// A member with its two storage queues.
final class EtcdRaftMember {
    var node: RawNode
    let storage: EtcdRaftStorage
    let options: RaftOptions
    var appendWork: [Message] = []
    var applyWork: [Message] = []

    init(
        options: RaftOptions, initial: Snapshot, observe: @escaping (TraceEvent) -> Void
    ) throws(Refusal) {
        storage = EtcdRaftStorage(initial: initial)
        if !initial.isEmpty { try storage.memory.apply(initial) }
        self.options = options
        node = try RawNode(options: options, storage: storage, observe: observe)
    }

    /// Writes to the log.
    func persist(
        _ state: HardState?, _ entries: [Entry], _ snapshot: Snapshot?
    ) throws(Refusal) {
        if let state { storage.memory.setHardState(state) }
        guard let snapshot, !snapshot.isEmpty else {
            try storage.memory.append(entries)
            return
        }
        guard entries.isEmpty else {
            throw Refusal(
                "conformance.text", "can't apply snapshot and entries at the same time")
        }
        try storage.memory.apply(snapshot)
    }

    /// Applies to a state machine that concatenates.
    func apply(_ entries: [Entry]) throws(Refusal) {
        for entry in entries {
            guard var state = storage.history.last else { continue }
            if let change = try entry.configurationChange() {
                state.configuration = try node.applyConfigurationChange(change)
                state.data += change.context
            } else {
                state.data += entry.data
            }
            state.position = entry.position
            storage.history.append(state)
        }
    }
}
