// A log in memory that can lose entries as a disk does: it knows that they were there, and perhaps
// their terms, and cannot read them.

package import Primitives
package import Raft

/// Storage whose snapshot is made on demand from the applied state, or is the saved one.
package final class GroupStorage: Storage {
    /// A bug of a storage layer.
    package enum Flaw: String, Sendable, CaseIterable {
        /// What follows the first unreadable entry is dropped at start, as if never written.
        case dropsFromDamage = "drops-from-damage"
        /// Unreadable entries are handed out as they are.
        case servesDamage = "serves-damage"
        /// A vote that cannot be read counts as none.
        case guessesVote = "guesses-vote"
        /// A snapshot is stored without the state that belongs to it.
        case snapshotWithoutState = "snapshot-without-state"
        /// A flushed term and vote come back as they were before.
        case losesTermAndVote = "loses-term-and-vote"
        /// A flushed entry at the end of the log does not come back.
        case losesLastEntry = "loses-last-entry"
    }

    package let memory = MemoryStorage()
    package var state = ChainState()
    /// The state as it was when the log was last compacted: a crash may fall back to it.
    var saved = ChainState()
    /// As written, and as last flushed. Writes are one sequence: a flush covers all before it.
    var hardState = HardState()
    var flushedState = HardState()
    /// Before term or vote last changed.
    var earlierState = HardState()
    /// Entries that cannot be read, each with whether its term is known.
    var damagedIndexes: [LogIndex: Bool] = [:]
    package internal(set) var isVoteCertain = true
    let flaw: Flaw?
    /// Whether others are sent the state that was saved, and not the latest.
    private let offersSaved: Bool

    init(flaw: Flaw?, offersSaved: Bool) {
        self.flaw = flaw
        self.offersSaved = offersSaved
    }

    package var firstIndex: LogIndex { memory.firstIndex }
    package var lastIndex: LogIndex { memory.lastIndex }

    package func initialState() throws(Refusal) -> (HardState, ConfigurationState) {
        (hardState, state.configuration)
    }

    package func entries(
        from low: LogIndex, to high: LogIndex, maximumBytes: UInt64
    ) throws(Refusal) -> [Entry] {
        var found = try memory.entries(from: low, to: high, maximumBytes: maximumBytes)
        if damagedIndexes.isEmpty { return found }
        if flaw == .servesDamage {
            for offset in found.indices where damagedIndexes[found[offset].index] != nil {
                if !found[offset].data.isEmpty { found[offset].data[0] ^= 0x10 }
            }
            return found
        }
        let readable = found.prefix { damagedIndexes[$0.index] == nil }
        guard !readable.isEmpty || found.isEmpty else {
            throw Refusal("log.damaged", "entry \(low) cannot be read")
        }
        return Array(readable)
    }

    package func term(at index: LogIndex) throws(Refusal) -> Term? {
        if damagedIndexes[index] == false, flaw != .servesDamage { return nil }
        return try memory.term(at: index)
    }

    package func snapshot() throws(Refusal) -> Snapshot {
        guard state.position.index > 0 else {
            throw Refusal("storage.snapshot-not-ready", "nothing is applied")
        }
        // From before a change of membership it is of no use to who came by the change.
        let isCurrent = saved.configuration == state.configuration
        let reaches = saved.position.index > 0 && saved.position.index + 1 >= firstIndex
        return offersSaved && isCurrent && reaches ? saved.snapshot : state.snapshot
    }

    package var damaged: [ClosedRange<LogIndex>] {
        if damagedIndexes.isEmpty || flaw == .servesDamage { return [] }
        var ranges: [ClosedRange<LogIndex>] = []
        for index in damagedIndexes.keys.sorted() {
            if let open = ranges.last, open.upperBound + 1 == index {
                ranges[ranges.count - 1] = open.lowerBound...index
            } else {
                ranges.append(index...index)
            }
        }
        return ranges
    }

    /// Whether the entry was stored here, readable or not, or stands in a snapshot.
    func hasOnDisk(term: Term, at index: LogIndex) -> Bool {
        if index < memory.firstIndex { return true }
        return (try? memory.term(at: index)) == term
    }

    // MARK: Damage

    /// Makes flushed entries unreadable, and perhaps the last vote: in `voteChance` of 1000 cases.
    func damage(
        _ random: inout SplitMix64, voteChance: UInt64, mayLose: (LogIndex) -> Bool
    ) {
        guard lastIndex >= firstIndex else { return }
        for _ in 0...random.next(below: 3) {
            let isTail = random.next(below: 2) == 0
            let reach = min(lastIndex - firstIndex + 1, isTail ? 3 : .max)
            let first = lastIndex - random.next(below: reach)
            for index in first...min(first + random.next(below: 3), lastIndex)
            where mayLose(index) {
                // The last term is kept in a second place.
                damagedIndexes[index] = random.next(below: 2) == 0 || index == lastIndex
            }
        }
        if random.happens(voteChance) {
            hardState.term = earlierState.term
            hardState.vote = earlierState.vote
            hardState.commit = min(hardState.commit, lastIndex)
            flushedState = hardState
            isVoteCertain = flaw == .guessesVote
        }
        guard flaw == .dropsFromDamage, let first = damagedIndexes.keys.min() else { return }
        damagedIndexes = [:]
        try? drop(from: max(first, state.position.index + 1))
    }

    /// What a flawed log forgets in a crash.
    func forget() throws(Refusal) {
        switch flaw {
        case .losesTermAndVote:
            hardState.term = earlierState.term
            hardState.vote = earlierState.vote
        case .losesLastEntry where lastIndex > max(state.position.index, firstIndex):
            try drop(from: lastIndex)
        default: break
        }
    }

    private func drop(from index: LogIndex) throws(Refusal) {
        guard index > firstIndex, index <= lastIndex else { return }
        let kept = try memory.entries(from: firstIndex, to: index, maximumBytes: .max)
        guard let last = kept.last else { return }
        // An append that ends earlier leaves nothing behind it.
        try memory.append([last])
        hardState.commit = min(hardState.commit, lastIndex)
        flushedState.commit = min(flushedState.commit, lastIndex)
    }

    /// Writes what was supplied by others; refuses what is not what was there.
    func write(_ repair: StorageRepair) throws(Refusal) {
        // The log's beginning may be let go of meanwhile.
        for entry in repair.entries where entry.index >= firstIndex {
            guard damagedIndexes[entry.index] != nil else {
                throw Refusal("simulation.repair", "entry \(entry.index) is not damaged")
            }
            if damagedIndexes[entry.index] == false {
                try memory.replace(entry)
            } else {
                let there = try memory.entries(
                    from: entry.index, to: entry.index + 1, maximumBytes: .max)
                guard there.first == entry else {
                    throw Refusal(
                        "simulation.repair", "entry \(entry.index) is repaired by another")
                }
            }
            damagedIndexes[entry.index] = nil
        }
        if repair.restoresVote { isVoteCertain = true }
    }
}
