// The end of the log in memory: what was just written is what is applied and sent next, and need
// not be read back from the disk.

import Raft

/// The last entries handed to the log, within a bound of bytes.
struct RecentEntries {
    private var entries: [Entry] = []
    private var bytes = 0
    private let limit: Int

    /// Keeps at most `limit` bytes; none at all with zero.
    init(limit: Int) { self.limit = limit }

    private static func weight(_ entry: Entry) -> Int { entry.data.count + 64 }

    /// Notes entries that follow what is here, or replace it from the first one's index on.
    mutating func append(_ new: [Entry]) {
        guard limit > 0, let first = new.first else { return }
        drop(from: first.index)
        if let last = entries.last, last.index + 1 != first.index { clear() }
        entries += new
        for entry in new { bytes += RecentEntries.weight(entry) }
        guard bytes > limit else { return }
        // Down to half, so that the array is seldom moved.
        var count = 0
        while bytes > limit / 2, count < entries.count {
            bytes -= RecentEntries.weight(entries[count])
            count += 1
        }
        entries.removeFirst(count)
    }

    /// Forgets entries from `index` on.
    mutating func drop(from index: LogIndex) {
        while let last = entries.last, last.index >= index {
            bytes -= RecentEntries.weight(last)
            entries.removeLast()
        }
    }

    /// Forgets everything.
    mutating func clear() {
        entries.removeAll(keepingCapacity: true)
        bytes = 0
    }

    /// The entries in `low..<high` if all of them are here.
    func slice(from low: LogIndex, to high: LogIndex) -> ArraySlice<Entry>? {
        guard let first = entries.first?.index, low >= first, low < high,
            high - first <= LogIndex(entries.count)
        else { return nil }
        return entries[Int(low - first)..<Int(high - first)]
    }
}
