// A disk that lost something, arranged by hand.

import Primitives
import Raft

/// Storage that cannot read some of what it was given.
final class DamagedStorage: Storage {
    let memory = MemoryStorage()
    var damaged: [ClosedRange<LogIndex>] = []
    var lostTerms: Set<LogIndex> = []
    var isVoteCertain = true
    var state = HardState()

    init(
        _ entries: [Entry],
        configuration: ConfigurationState = ConfigurationState(voters: [1, 2, 3])
    ) throws(Refusal) {
        try memory.apply(
            Snapshot(
                position: LogPosition(term: 1, index: 1), configuration: configuration))
        try memory.append(entries)
        state = HardState(term: entries.last?.term ?? 1, commit: 1)
    }

    func initialState() throws(Refusal) -> (HardState, ConfigurationState) {
        (state, try memory.initialState().1)
    }
    func entries(
        from low: LogIndex, to high: LogIndex, maximumBytes: UInt64
    ) throws(Refusal) -> [Entry] {
        let found = try memory.entries(from: low, to: high, maximumBytes: maximumBytes)
        let readable = found.prefix { entry in !damaged.contains { $0.contains(entry.index) } }
        guard !readable.isEmpty || found.isEmpty else {
            throw Refusal("log.damaged", "entry \(low) cannot be read")
        }
        return Array(readable)
    }
    func term(at index: LogIndex) throws(Refusal) -> Term? {
        lostTerms.contains(index) ? nil : try memory.term(at: index)
    }
    var firstIndex: LogIndex { memory.firstIndex }
    var lastIndex: LogIndex { memory.lastIndex }
    func snapshot() throws(Refusal) -> Snapshot { try memory.snapshot() }
}
