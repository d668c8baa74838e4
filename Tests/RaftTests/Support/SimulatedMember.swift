// One member of a simulated group: the core, a log that survives crashes, and a state machine that
// chains everything it applied.

import Primitives
import Raft

/// The state machine: a running value that depends on every entry applied, in order.
struct ChainState: Equatable {
    var position = LogPosition(term: 0, index: 0)
    var chain: UInt64 = 0
    var configuration = ConfigurationState()

    mutating func apply(_ entry: Entry) {
        var hash = SplitMix64(seed: chain ^ entry.index &* 31 ^ entry.term)
        for byte in entry.data { hash = SplitMix64(seed: hash.next() ^ UInt64(byte)) }
        chain = hash.next()
        position = entry.position
    }

    var snapshot: Snapshot {
        var encoder = BinaryEncoder()
        encoder.sortable(chain)
        return Snapshot(position: position, configuration: configuration, data: encoder.bytes)
    }

    init() {}

    init(_ snapshot: Snapshot) throws(Refusal) {
        var decoder = BinaryDecoder(snapshot.data)
        chain = try decoder.sortable()
        position = snapshot.position
        configuration = snapshot.configuration
    }
}

/// Storage whose snapshot is made on demand from the applied state.
final class SimulatedStorage: Storage {
    let memory = MemoryStorage()
    var state = ChainState()
    /// The state as it was when the log was last compacted: a crash may fall back to it.
    var saved = ChainState()
    /// As written, and as last flushed. Writes are one sequence: a flush covers all before it.
    var hardState = HardState()
    var flushedState = HardState()

    var firstIndex: LogIndex { memory.firstIndex }
    var lastIndex: LogIndex { memory.lastIndex }
    func initialState() throws(Refusal) -> (HardState, ConfigurationState) {
        (hardState, state.configuration)
    }
    func entries(
        from low: LogIndex, to high: LogIndex, maximumBytes: UInt64
    ) throws(Refusal) -> [Entry] {
        try memory.entries(from: low, to: high, maximumBytes: maximumBytes)
    }
    func term(at index: LogIndex) throws(Refusal) -> Term? { try memory.term(at: index) }
    func snapshot() throws(Refusal) -> Snapshot {
        guard state.position.index > 0 else {
            throw Refusal("storage.snapshot-not-ready", "nothing is applied")
        }
        return state.snapshot
    }
}

/// A member with its storage queues.
final class SimulatedMember {
    let id: MemberID
    let storage = SimulatedStorage()
    var options: RaftOptions
    var node: RawNode
    var isUp = true
    var appendQueue: [Message] = []
    var applyQueue: [Message] = []
    let observe: (TraceEvent) -> Void

    init(
        options: RaftOptions, founding: Snapshot?, observe: @escaping (TraceEvent) -> Void
    ) throws(Refusal) {
        id = options.id
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
    func crash(losesState: Bool) {
        isUp = false
        appendQueue = []
        applyQueue = []
        guard losesState else { return }
        storage.state = storage.saved
        storage.hardState = storage.flushedState
    }

    func restart(seed: UInt64) throws(Refusal) {
        options.seed = seed
        options.appliedIndex = storage.state.position.index
        node = try RawNode(options: options, storage: storage, observe: observe)
        isUp = true
    }

    func persist(
        _ state: HardState?, _ entries: [Entry], _ snapshot: Snapshot?, isFlushed: Bool
    ) throws(Refusal) {
        if let state { storage.hardState = state }
        if isFlushed { storage.flushedState = storage.hardState }
        if let snapshot {
            try storage.memory.apply(snapshot)
            storage.state = try ChainState(snapshot)
            storage.saved = storage.state
        }
        try storage.memory.append(entries)
    }

    func apply(_ entries: [Entry], _ check: (ChainState) -> Void) throws(Refusal) {
        for entry in entries where entry.index > storage.state.position.index {
            if let change = try entry.configurationChange() {
                storage.state.configuration = try node.applyConfigurationChange(change)
            }
            storage.state.apply(entry)
            check(storage.state)
        }
    }

    /// Forgets the log up to the applied entry, but for a few.
    func compact(keeping count: LogIndex) throws(Refusal) {
        let applied = node.appliedIndex
        guard applied > count, applied - count >= storage.firstIndex else { return }
        storage.saved = storage.state
        try storage.memory.compact(through: applied - count)
    }
}
