// The log's disk with a stopwatch: how long writes and flushes take, and since when one is stuck.
//
// A full disk is waited out by the log (`LogStore`), on its thread, where nothing can overtake what
// waits. Here it is seen: from the first refusal until there is space the disk counts as busy, so
// that the member looks like one whose disk is stuck, gives the lead away, refuses writes with
// `disk.full` and serves reads.

import LogStore
import Platform
import Primitives
import Synchronization
import Telemetry

/// What is known of a disk while it works.
final class DiskWatch: Sendable {
    let writes: Histogram
    let flushes: Histogram
    let writtenBytes: Counter
    let failures: Counter
    private let busySince = Atomic<UInt64>(0)
    private let waitsForSpace = Atomic<Bool>(false)

    static let full = Refusal(
        "disk.full", "this member's disk is full: writes wait until there is space, reads go on")

    init(_ metrics: MetricsRegistry) throws(Refusal) {
        writes = try metrics.histogram(
            "althing_log_write_duration_seconds", "Writing a batch into the page cache")
        flushes = try metrics.histogram(
            "althing_log_flush_duration_seconds", "Flushing the log to the device")
        writtenBytes = try metrics.counter(
            "althing_log_written_bytes_total", "Bytes written to the log")
        failures = try metrics.counter(
            "althing_log_disk_failures_total", "Writes and flushes of the log that failed")
    }

    /// How long the operation that is under way has taken so far, in nanoseconds; 0 when the disk
    /// is idle.
    var stuckNanoseconds: UInt64 {
        let since = busySince.load(ordering: .relaxed)
        guard since > 0 else { return 0 }
        let now = SystemClock.monotonicNanoseconds()
        return now > since ? now - since : 0
    }

    /// Whether one operation has taken longer than that.
    func isStuck(for milliseconds: Int) -> Bool {
        stuckNanoseconds > UInt64(max(0, milliseconds)) * 1_000_000
    }

    /// Whether the log waits for space.
    var isFull: Bool { waitsForSpace.load(ordering: .relaxed) }

    /// Watches what needs new space; whoever does it tries again when there was none.
    func watchSpace<Value>(_ work: () throws(Refusal) -> Value) throws(Refusal) -> Value {
        _ = busySince.compareExchange(
            expected: 0, desired: SystemClock.monotonicNanoseconds(), ordering: .relaxed)
        do throws(Refusal) {
            let value = try work()
            settle()
            return value
        } catch {
            guard error.code == "file.no-space" else {
                settle()
                throw error
            }
            if !waitsForSpace.exchange(true, ordering: .relaxed) { failures.add() }
            throw error
        }
    }

    private func settle() {
        busySince.store(0, ordering: .relaxed)
        waitsForSpace.store(false, ordering: .relaxed)
    }

    func measure(
        _ histogram: Histogram, _ work: () throws(Refusal) -> Void
    ) throws(Refusal) {
        let start = SystemClock.monotonicNanoseconds()
        busySince.store(start, ordering: .relaxed)
        defer {
            busySince.store(0, ordering: .relaxed)
            histogram.record(nanoseconds: SystemClock.monotonicNanoseconds() - start)
        }
        do throws(Refusal) {
            try work()
        } catch {
            failures.add()
            throw error
        }
    }
}

/// A disk whose writes and flushes are watched.
struct MeasuredDisk: LogDisk {
    let disk: any LogDisk
    let watch: DiskWatch

    func makeFolder(_ path: String) throws(Refusal) { try disk.makeFolder(path) }
    func list(_ folder: String) throws(Refusal) -> [String] { try disk.list(folder) }
    func create(_ path: String, size: UInt64) throws(Refusal) -> any LogFile {
        let file = try watch.watchSpace { () throws(Refusal) in
            try disk.create(path, size: size)
        }
        return MeasuredFile(file: file, watch: watch)
    }
    func open(_ path: String) throws(Refusal) -> any LogFile {
        MeasuredFile(file: try disk.open(path), watch: watch)
    }
    func remove(_ path: String) throws(Refusal) { try disk.remove(path) }
    func flushFolder(_ path: String) throws(Refusal) { try disk.flushFolder(path) }
}

private struct MeasuredFile: LogFile {
    let file: any LogFile
    let watch: DiskWatch

    func size() throws(Refusal) -> UInt64 { try file.size() }
    func read(at position: UInt64, count: Int) throws(Refusal) -> [UInt8] {
        try file.read(at: position, count: count)
    }
    func write(_ bytes: [UInt8], at position: UInt64) throws(Refusal) {
        try watch.measure(watch.writes) { () throws(Refusal) in
            try file.write(bytes, at: position)
        }
        watch.writtenBytes.add(UInt64(bytes.count))
    }
    func flush() throws(Refusal) {
        try watch.measure(watch.flushes) { () throws(Refusal) in try file.flush() }
    }
    func reset(length: UInt64, size: UInt64) throws(Refusal) {
        try file.reset(length: length, size: size)
    }
}
