// How long a member's log takes to open, and what it then keeps in memory: a start reads the log
// once, and compaction keeps the log short.

import Glibc
import LogStore
import Platform
import Primitives

/// `benchmarks reopen`.
struct ReopenBenchmark {
    let mebibytes: Int

    private static let payload = [UInt8](repeating: 7, count: 320)
    private static let batch = 2000

    func run() throws(Refusal) {
        let folder = try BenchFolder.make("reopen")
        defer { BenchFolder.remove(folder) }
        let entries = try fill("\(folder)/log")
        let before = residentBytes()
        let start = SystemClock.monotonicNanoseconds()
        let store = try LogStore(folder: "\(folder)/log")
        let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
        let resident = residentBytes()
        guard store.lastIndex == entries, store.recovery.notes.isEmpty else {
            throw Refusal("benchmarks.lost", "the log ends at \(store.lastIndex), not \(entries)")
        }
        store.close()
        let taken = (resident - min(before, resident)) >> 20
        printNow(
            "\(entries) entries, \(mebibytes) MiB: opened in "
                + "\(column(seconds, digits: 2, width: 1)) s, \(taken) MiB more in memory")
    }

    /// Writes the log; gives how many entries it has.
    private func fill(_ folder: String) throws(Refusal) -> UInt64 {
        let store = try LogStore(folder: folder)
        var index: UInt64 = 0
        let count = UInt64(mebibytes) << 20 / 368
        while index < count {
            var records: [LogRecord] = []
            for _ in 0..<ReopenBenchmark.batch {
                index += 1
                records.append(
                    .entry(LogEntry(index: index, term: 1, payload: ReopenBenchmark.payload)))
            }
            try store.commit(records)
        }
        store.close()
        return index
    }

    private func residentBytes() -> UInt64 {
        let text = (try? Files.readText("/proc/self/statm")) ?? ""
        let pages = text.split(separator: " ").dropFirst().first.flatMap { UInt64($0) } ?? 0
        return pages * UInt64(getpagesize())
    }
}
