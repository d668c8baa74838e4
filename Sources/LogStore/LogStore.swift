// The durable log of one member: appended by a thread of its own, read from any thread.
//
// One flush covers all batches that wait when it begins. A failed flush is final: what the kernel
// then still holds in memory may never reach the disk, so no later success can be believed, and the
// store refuses everything until it is opened again.

import Glibc
import Platform
public import Primitives
import Synchronization

/// A member's log. Close it when done: its thread holds it.
public final class LogStore: Sendable {
    /// What was found when it was opened.
    public let recovery: LogRecovery
    /// Who it is; no two logs have the same.
    public let identity: UInt64

    /// Called from the writing thread with the log's last place once a batch is on the disk, or
    /// with the reason why it is not: `log.gap`, `log.bad-term`, `log.truncates-committed` (the
    /// batch is wrong, the log goes on), `file.no-space` (a new segment could not be made before
    /// the log was closed), `log.failed` (final).
    public typealias Completion = @Sendable (Result<LogPosition, Refusal>) -> Void

    private struct Waiting: Sendable {
        let records: [LogRecord]
        let size: Int
        let completion: Completion
    }

    private struct Queue: Sendable {
        var waiting: [Waiting] = []
        var isClosed = false
        var isThreadStarted = false
    }

    private struct Picture: Sendable {
        var index: LogIndex
        var files: [UInt64: any LogFile]
        var failure: Refusal?
    }

    private let options: LogOptions
    private let writer: Mutex<LogWriter>
    private let picture: Mutex<Picture>
    private let queue = Mutex(Queue())
    private let wake = WakeSignal()
    private let closed = WakeSignal()

    // MARK: Opening and closing

    /// Opens the log in `folder`, making one when there is none, and repairs what a crash left.
    public init(
        folder: String, options: LogOptions = LogOptions(), disk: any LogDisk = SystemDisk()
    ) throws(Refusal) {
        let place = LogFolder(path: folder, options: options, disk: disk)
        let opened = try place.open()
        self.options = options
        recovery = opened.recovery
        identity = opened.identity
        var files: [UInt64: any LogFile] = [:]
        for segment in opened.segments { files[segment.number] = segment.file }
        var first = try LogWriter(opened, folder: place)
        if !opened.decisions.isEmpty {
            _ = try first.write(
                opened.decisions, preamble: LogWriter.preamble(of: opened.index),
                isVoteCertain: opened.recovery.isVoteCertain)
            try first.flush()
            if let segment = first.segments.last { files[segment.number] = segment.file }
        }
        first.note(
            opened.index.last, opened.index.hardState,
            isVoteCertain: opened.recovery.isVoteCertain)
        writer = Mutex(first)
        picture = Mutex(Picture(index: opened.index, files: files))
    }

    /// Writes what waits and ends the thread. Blocks until that is done.
    public func close() {
        let hadThread = queue.withLock { queue in
            let hadThread = queue.isThreadStarted && !queue.isClosed
            queue.isClosed = true
            return hadThread
        }
        if hadThread {
            wake.raise()
            closed.wait()
        }
        writer.withLock { $0.flushMark() }
    }

    // MARK: Writing

    /// Appends a batch and calls back when it is on the disk. Batches are written, and their
    /// completions called, in the order of these calls. A batch is written whole or not at all.
    public func append(_ records: [LogRecord], completion: @escaping Completion) {
        let size = records.reduce(0) { $0 + LogWriter.size(of: $1) }
        enum Step { case refuse, wake, start }
        let step = queue.withLock { queue -> Step in
            guard !queue.isClosed else { return .refuse }
            queue.waiting.append(Waiting(records: records, size: size, completion: completion))
            defer { queue.isThreadStarted = true }
            return queue.isThreadStarted ? .wake : .start
        }
        switch step {
        case .refuse: completion(.failure(Refusal("log.closed", "the log is closed")))
        case .wake: wake.raise()
        case .start:
            do throws(Refusal) {
                try SystemThread.start("log") { self.run() }
            } catch {
                fail(error)
                let waiting = queue.withLock { queue in
                    defer { queue = Queue(isClosed: true) }
                    return queue.waiting
                }
                for batch in waiting { batch.completion(.failure(error)) }
            }
        }
    }

    /// Appends a batch; returns the log's last place once it is on the disk. For callers that may
    /// block, and for simulations.
    @discardableResult
    public func commit(_ records: [LogRecord]) throws(Refusal) -> LogPosition {
        let results = commit(group: [records])
        return try results[0].get()
    }

    /// Forgets entries up to `index`, which must be covered by a snapshot mark, and frees the
    /// segments that hold nothing else.
    public func compact(through index: UInt64) throws(Refusal) {
        let (covered, first, term) = picture.withLock { picture in
            (picture.index.snapshot.index, picture.index.firstIndex, picture.index.term(at: index))
        }
        guard index <= covered else {
            throw Refusal(
                "log.not-covered", "entry \(index) is not in a snapshot, which ends at \(covered)")
        }
        guard index >= first else { return }
        guard let term else { throw damagedRefusal(index) }
        try commit([.boundary(LogPosition(index: index, term: term))])
        let deleted = try writer.withLock { writer throws(Refusal) in
            try writer.deleteSegments(through: index)
        }
        picture.withLock { picture in
            for number in deleted { picture.files[number] = nil }
        }
    }

    /// Declares that the vote is known again: the member has learned of a term in which it cannot
    /// have voted, and `state` is its state in that term.
    public func restoreVote(_ state: LogHardState) throws(Refusal) {
        try commit([.restoredVote(state)])
    }

    /// Whether the vote in `hardState` is known; see `LogRecovery.isVoteCertain`.
    public var isVoteCertain: Bool { picture.withLock { $0.index.isVoteCertain } }

    /// Flushes of log data so far: what a write costs the disk.
    public var flushCount: UInt64 { writer.withLock { $0.flushCount } }

    /// The thread's life.
    private func run() {
        // Its caller often has more to do on the same core; the disk is to work meanwhile.
        SystemThread.preferShortTurns()
        while true {
            let (group, isClosed) = takeGroup()
            if group.isEmpty {
                if isClosed { break }
                wake.wait()
                continue
            }
            var results = commit(group: group.map(\.records))
            // A full disk stops the log, it does not end it: nothing was written, and everything
            // behind it waits too.
            while results.contains(where: LogStore.hasNoRoom), !queue.withLock({ $0.isClosed }) {
                usleep(LogStore.roomPauseMicroseconds)
                results = commit(group: group.map(\.records))
            }
            for (batch, result) in zip(group, results) { batch.completion(result) }
        }
        closed.raise()
    }

    private static let roomPauseMicroseconds: UInt32 = 100_000

    private static func hasNoRoom(_ result: Result<LogPosition, Refusal>) -> Bool {
        if case .failure(let refusal) = result { refusal.code == "file.no-space" } else { false }
    }

    private func takeGroup() -> (group: [Waiting], isClosed: Bool) {
        queue.withLock { queue in
            var count = 0
            var size = 0
            for batch in queue.waiting {
                size += batch.size
                if count > 0, size > options.groupBytes { break }
                count += 1
            }
            let group = Array(queue.waiting.prefix(count))
            queue.waiting.removeFirst(count)
            return (group, queue.isClosed)
        }
    }

    /// Writes the batches that fit the log with one flush; one result for each.
    private func commit(group: [[LogRecord]]) -> [Result<LogPosition, Refusal>] {
        writer.withLock { writer in
            if let failure { return group.map { _ in .failure(failure) } }
            let plan = picture.withLock { Plan(group, $0.index) }
            let outcome = write(plan, by: &writer)
            return plan.refusals.map { refusal in
                if let refusal { return .failure(refusal) }
                return outcome
            }
        }
    }

    /// What is to be written of a group of batches. Holds no copy of the index, which would make
    /// the next change to it copy every entry's location.
    private struct Plan {
        var records: [LogRecord] = []
        var refusals: [Refusal?] = []
        let needsFlush: Bool
        let preamble: [LogRecord]
        let last: LogPosition
        let isVoteCertain: Bool

        init(_ group: [[LogRecord]], _ index: LogIndex) {
            var check = BatchCheck(index)
            for batch in group {
                do throws(Refusal) {
                    try check.accept(batch)
                    records += batch
                    refusals.append(nil)
                } catch {
                    refusals.append(error)
                }
            }
            needsFlush = check.needsFlush
            preamble = LogWriter.preamble(of: index)
            last = index.last
            isVoteCertain = index.isVoteCertain
        }
    }

    private func write(
        _ plan: Plan, by writer: inout LogWriter
    ) -> Result<LogPosition, Refusal> {
        guard !plan.records.isEmpty else { return .success(plan.last) }
        do throws(Refusal) {
            let written = try writer.write(
                plan.records, preamble: plan.preamble, isVoteCertain: plan.isVoteCertain)
            if plan.needsFlush { try writer.flush() }
            let last = publish(written, writer)
            if plan.needsFlush {
                let (state, isCertain) = picture.withLock { picture in
                    (picture.index.hardState, picture.index.isVoteCertain)
                }
                writer.note(last, state, isVoteCertain: isCertain)
            }
            return .success(last)
        } catch {
            // No segment could be made, and nothing was written: the log is as it was.
            if error.code == "file.no-space", writer.isUntouched { return .failure(error) }
            return .failure(fail(error))
        }
    }

    private func publish(_ written: [LogWriter.Written], _ writer: LogWriter) -> LogPosition {
        picture.withLock { picture in
            if let segment = writer.segments.last { picture.files[segment.number] = segment.file }
            for item in written {
                picture.index.apply(item.header, number: item.number, at: item.location)
                if item.restoresVote { picture.index.isVoteCertain = true }
            }
            return picture.index.last
        }
    }

    @discardableResult
    private func fail(_ reason: Refusal) -> Refusal {
        let refusal = Refusal(
            "log.failed",
            "the log can no longer be written (\(reason.message)): restart the member when its "
                + "disk is well")
        picture.withLock { $0.failure = refusal }
        return refusal
    }

    // MARK: Reading

    /// The first entry that is kept; one past the last when there is none.
    public var firstIndex: UInt64 { picture.withLock { $0.index.firstIndex } }
    /// The last entry on the disk, or the boundary when there is none.
    public var lastIndex: UInt64 { picture.withLock { $0.index.lastIndex } }
    /// Term, vote and commit hint on the disk.
    public var hardState: LogHardState { picture.withLock { $0.index.hardState } }
    /// The latest snapshot mark.
    public var snapshot: LogPosition { picture.withLock { $0.index.snapshot } }
    /// Entries that cannot be read, to be fetched from others and appended again.
    public var damaged: [ClosedRange<UInt64>] { picture.withLock { $0.index.damaged } }
    /// Why it can no longer be written, if so.
    public var failure: Refusal? { picture.withLock { $0.failure } }

    /// The term of an entry; throws `log.compacted`, `log.unavailable` or `log.damaged`.
    public func term(at index: UInt64) throws(Refusal) -> UInt64 {
        let (term, first, last) = picture.withLock { picture in
            (picture.index.term(at: index), picture.index.firstIndex, picture.index.lastIndex)
        }
        if let term { return term }
        try check(index, first: first, last: last)
        throw damagedRefusal(index)
    }

    /// Entries from `first` to `last`, as many as fit in `byteBudget`, but at least one; throws as
    /// `term(at:)`. What is returned was checked against its checksum now.
    public func entries(
        from first: UInt64, to last: UInt64, byteBudget: Int = 1 << 20
    ) throws(Refusal) -> [LogEntry] {
        guard first <= last else { return [] }
        let (locations, files, kept) = picture.withLock { picture in
            var locations: [EntryLocation] = []
            var size = 0
            var index = first
            while index <= last, let location = picture.index[index] {
                size += Int(location.length)
                if !locations.isEmpty, size > byteBudget || location.isDamaged { break }
                locations.append(location)
                index += 1
            }
            let kept = (picture.index.firstIndex, picture.index.lastIndex)
            return (locations, picture.files, kept)
        }
        try check(first, first: kept.0, last: kept.1)
        var entries: [LogEntry] = []
        entries.reserveCapacity(locations.count)
        for run in ReadRun.runs(of: locations) {
            let start = first + UInt64(entries.count)
            guard !locations[run.range.lowerBound].isDamaged, let file = files[run.segment] else {
                throw damagedRefusal(start)
            }
            entries += try read(run, locations, file, from: start)
        }
        return entries
    }

    private func read(
        _ run: ReadRun, _ locations: [EntryLocation], _ file: any LogFile, from start: UInt64
    ) throws(Refusal) -> [LogEntry] {
        let bytes: [UInt8]
        do throws(Refusal) {
            bytes = try file.read(at: run.position, count: run.count)
        } catch  where error.code == "file.damaged" {
            picture.withLock { $0.index.markDamaged(start) }
            throw damagedRefusal(start)
        }
        var entries: [LogEntry] = []
        for offset in run.range {
            let index = start + UInt64(entries.count)
            guard
                let entry = run.entry(
                    locations[offset], index: index, in: bytes, identity: identity)
            else {
                picture.withLock { $0.index.markDamaged(index) }
                throw damagedRefusal(index)
            }
            entries.append(entry)
        }
        return entries
    }

    private func check(_ index: UInt64, first: UInt64, last: UInt64) throws(Refusal) {
        guard index >= first else {
            throw Refusal(
                "log.compacted", "entry \(index) is no longer kept: the first is \(first)")
        }
        guard index <= last else {
            throw Refusal("log.unavailable", "there is no entry \(index): the last is \(last)")
        }
    }

    private func damagedRefusal(_ index: UInt64) -> Refusal {
        Refusal("log.damaged", "entry \(index) cannot be read and is to be fetched from a peer")
    }
}
