// How long entries take: from being handed to the log until they are durable, and until they are
// committed.

import Raft
import Telemetry

/// Times of batches on their way. Batches become durable, and entries committed, in order.
struct EntryStopwatch {
    private var writing: [UInt64] = []
    private var committing: [(index: UInt64, at: UInt64)] = []

    /// More is not followed: a member without a quorum may append for long.
    private static let limit = 4096

    /// A batch goes to the log.
    mutating func appended(_ batch: Message, at now: UInt64) {
        if !batch.responses.isEmpty { writing.append(now) }
        guard let last = batch.entries.last, committing.count < EntryStopwatch.limit else { return }
        // What replaces entries starts their time anew.
        while let open = committing.last, open.index >= last.index { committing.removeLast() }
        committing.append((last.index, now))
    }

    /// The oldest batch is durable.
    mutating func stored(_ histogram: Histogram, at now: UInt64) {
        guard !writing.isEmpty else { return }
        histogram.record(nanoseconds: now &- writing.removeFirst())
    }

    /// Entries up to `index` are committed.
    mutating func committed(through index: UInt64, _ histogram: Histogram, at now: UInt64) {
        let count = committing.prefix { $0.index <= index }.count
        guard count > 0 else { return }
        for open in committing[..<count] { histogram.record(nanoseconds: now &- open.at) }
        committing.removeFirst(count)
    }
}
