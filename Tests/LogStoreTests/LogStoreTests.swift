// What the log promises while nothing is wrong with the disk.

import LogStore
import Platform
import Primitives
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct LogStoreTests {
    private func entry(_ index: UInt64, term: UInt64 = 1, _ text: String = "x") -> LogRecord {
        .entry(LogEntry(index: index, term: term, payload: Array(text.utf8)))
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a log says after reopening what it said before`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var subject = try Subject()
        #expect(subject.store.recovery.isNew)
        for round in 0..<4 {
            try subject.work(20, &random)
            expectSame(subject.store, subject.model, "seed \(seed), round \(round)")
            subject.store.close()
            let model = subject.model
            subject = try Subject(subject.disk)
            subject.model = model
            #expect(subject.store.recovery.notes.isEmpty)
            #expect(subject.store.recovery.isVoteCertain)
            #expect(!subject.store.recovery.isNew)
            expectSame(subject.store, subject.model, "seed \(seed), reopened in round \(round)")
        }
    }

    @Test func `a wrong batch is refused whole, and the log goes on`() throws {
        let subject = try Subject()
        try subject.store.commit([
            .hardState(.init(term: 2, vote: 1, commit: 0)), entry(1), entry(2), entry(3),
        ])
        try subject.store.commit([.hardState(.init(term: 2, vote: 1, commit: 2))])
        let wrong: [(String, [LogRecord])] = [
            ("log.gap", [entry(4), entry(6)]), ("log.gap", [entry(3)]), ("log.gap", [entry(0)]),
            ("log.gap", [.truncate(from: 5)]), ("log.gap", [.truncate(from: 0)]),
            ("log.truncates-committed", [.truncate(from: 2)]),
            ("log.bad-term", [.hardState(.init(term: 1, vote: 0, commit: 0))]),
            ("log.bad-term", [entry(4, term: 0)]),
            ("log.gap", [.boundary(LogPosition(index: 9, term: 1))]),
        ]
        for (code, records) in wrong {
            #expect(throws: Refusal(code, "")) { try subject.store.commit(records) }
        }
        #expect(subject.store.lastIndex == 3)
        #expect(try subject.store.commit([entry(4)]) == LogPosition(index: 4, term: 1))
        #expect(throws: Refusal("log.unavailable", "")) {
            try subject.store.entries(from: 5, to: 9)
        }
        #expect(throws: Refusal("log.not-covered", "")) { try subject.store.compact(through: 2) }
    }

    @Test func `compaction frees segments and keeps the vote`() throws {
        var subject = try Subject()
        try subject.store.commit([.hardState(.init(term: 7, vote: 3, commit: 0))])
        let large = String(repeating: "y", count: 500)
        for index in 1...60 as ClosedRange<UInt64> {
            try subject.store.commit([entry(index, term: 7, large)])
        }
        let before = subject.segments.count
        #expect(before > 6)
        try subject.store.commit([.snapshotMark(LogPosition(index: 55, term: 7))])
        try subject.store.compact(through: 55)
        #expect(subject.segments.count <= 2)
        #expect(throws: Refusal("log.compacted", "")) {
            try subject.store.entries(from: 55, to: 56)
        }
        #expect(try subject.store.term(at: 55) == 7)
        subject.store.close()
        subject = try Subject(subject.disk)
        #expect(subject.store.hardState == LogHardState(term: 7, vote: 3, commit: 0))
        #expect(subject.store.firstIndex == 56)
        #expect(subject.store.lastIndex == 60)
        #expect(try subject.store.term(at: 55) == 7)
    }

    @Test func `a snapshot past the end starts the log over`() throws {
        var subject = try Subject()
        try subject.store.commit([entry(1), entry(2)])
        try subject.store.commit([
            .snapshotMark(LogPosition(index: 90, term: 4)), entry(91, term: 4),
        ])
        subject.store.close()
        subject = try Subject(subject.disk)
        #expect(subject.store.firstIndex == 91)
        #expect(subject.store.lastIndex == 91)
        #expect(try subject.store.term(at: 90) == 4)
    }

    @Test func `reading keeps to the budget but gives at least one entry`() throws {
        let subject = try Subject()
        for index in 1...5 as ClosedRange<UInt64> {
            try subject.store.commit([entry(index, String(repeating: "z", count: 100))])
        }
        #expect(try subject.store.entries(from: 1, to: 5, byteBudget: 250).count == 2)
        #expect(try subject.store.entries(from: 1, to: 5, byteBudget: 1).count == 1)
        #expect(try subject.store.entries(from: 2, to: 9, byteBudget: 10_000).count == 4)
    }

    @Test func `a write larger than a segment gets a larger one`() throws {
        var subject = try Subject()
        let large = String(repeating: "w", count: 20_000)
        try subject.store.commit([entry(1, large), entry(2, "small")])
        try subject.store.commit([entry(3, "after")])
        subject.store.close()
        subject = try Subject(subject.disk)
        #expect(try subject.store.entries(from: 1, to: 3).map(\.payload.count) == [20_000, 5, 5])
    }

    @Test func `a commit hint alone costs no flush, a vote costs one`() throws {
        let subject = try Subject()
        try subject.store.commit([.hardState(.init(term: 1, vote: 1, commit: 0)), entry(1)])
        let before = subject.store.flushCount
        try subject.store.commit([.hardState(.init(term: 1, vote: 1, commit: 1))])
        #expect(subject.store.flushCount == before)
        try subject.store.commit([.hardState(.init(term: 2, vote: 0, commit: 1))])
        #expect(subject.store.flushCount == before + 1)
    }

    @Test func `waiting batches share flushes and complete in order`() async throws {
        let folder = try TemporaryFolder(prefix: "log-tests")
        let store = try LogStore(folder: "\(folder.path)/log")
        let order = Mutex<[UInt64]>([])
        let last = await withCheckedContinuation { continuation in
            for index in 1...2000 as ClosedRange<UInt64> {
                store.append([entry(index, "payload")]) { result in
                    let position = try? result.get()
                    order.withLock { $0.append(index) }
                    if index == 2000 { continuation.resume(returning: position?.index) }
                }
            }
        }
        #expect(last == 2000)
        #expect(order.withLock { $0 } == Array(1...2000))
        #expect(store.flushCount < 500)
        store.close()
        store.append([entry(2001)]) { result in
            #expect(throws: Refusal("log.closed", "")) { try result.get() }
        }
        let reopened = try LogStore(folder: "\(folder.path)/log")
        #expect(reopened.lastIndex == 2000)
        #expect(reopened.recovery.notes.isEmpty)
    }

    @Test func `what was acknowledged survives the end of the process`() async throws {
        let folder = try TemporaryFolder(prefix: "log-tests")
        let path = folder.path
        await #expect(processExitsWith: .signal(9)) { [path = path as String] in
            let store = try LogStore(folder: path)
            for index in 1...50 as ClosedRange<UInt64> {
                try store.commit([
                    .entry(LogEntry(index: index, term: 1, payload: [UInt8(index)]))
                ])
            }
            _ = try ChildProcess.startBlocking(
                ChildCommand("sh", ["-c", "kill -9 $PPID; sleep 5"])
            ).outcomeBlocking()
        }
        let store = try LogStore(folder: path)
        #expect(store.lastIndex == 50)
        #expect(store.recovery.damaged.isEmpty)
        #expect(try store.entries(from: 50, to: 50).first?.payload == [50])
    }
}
