// Entries that were applied and are not written yet: what they changed, and how far they go.

import Primitives

/// How far a state goes: the last entry, and the membership as of it.
struct StateProgress: Equatable {
    var index: UInt64 = 0
    var term: UInt64 = 0
    /// In the core's canonical form; empty while it is the genesis'.
    var configuration: [UInt8] = []
}

/// What some entries changed, over the database as it was before them. The rows that they read stay
/// here too, so that what is read again and again is read from the database once in a while.
struct GatheredEntries {
    /// What changed.
    let changes: StateOverlay
    /// How far the last entry goes.
    private(set) var progress: StateProgress

    /// About how much may be gathered, in bytes, before it is written: some thousand votes.
    static let bytesLimit = 6 << 20
    /// About how much of what was read is kept once it is.
    static let keptBytes = 3 << 20

    /// How often this was written.
    private var timesWritten = 0

    /// Whether it should start anew, with nothing in memory, once it is written: what was decoded
    /// is not counted.
    var isStale: Bool { changes.weight > GatheredEntries.keptBytes || timesWritten >= 64 }

    init(over database: StateDatabase) {
        changes = StateOverlay(database, remembersReads: true)
        progress = database.progress
    }

    /// Whether the database lacks something.
    func isAhead(of database: StateDatabase) -> Bool { progress != database.progress }

    mutating func noteWritten() { timesWritten += 1 }

    /// Takes an entry over.
    mutating func adopt(
        _ overlay: StateOverlay, index: UInt64, term: UInt64, configuration: [UInt8]?
    ) {
        changes.adopt(overlay)
        progress = StateProgress(
            index: index, term: term, configuration: configuration ?? progress.configuration)
    }
}
