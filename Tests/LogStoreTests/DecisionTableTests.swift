// The decision table of recovery, exhaustively: one small log, and every byte of it damaged in
// turn, with and without what the flush mark knows.

import LogStore
import Primitives
import Testing

@Suite(.timeLimit(.minutes(3))) struct DecisionTableTests {
    /// A log of all that matters: entries, a vote, a commit index, a replaced end.
    private struct Example {
        var subject: Subject
        var model = LogModel()
        /// The bytes of the only segment, and how many of them are records.
        let segment: String
        let used: Int

        init() throws {
            subject = try Subject()
            let batches: [[LogRecord]] = [
                [.hardState(LogHardState(term: 1, vote: 2, commit: 0)), Self.entry(1, 1)],
                [Self.entry(2, 1), Self.entry(3, 1)],
                [.truncate(from: 3), Self.entry(3, 2)],
                [.hardState(LogHardState(term: 3, vote: 1, commit: 2))],
                [Self.entry(4, 3), .hardState(LogHardState(term: 3, vote: 1, commit: 3))],
                [Self.entry(5, 3)],
            ]
            for batch in batches {
                try subject.store.commit(batch)
                model.apply(batch)
            }
            subject.store.close()
            segment = try #require(subject.segments.first)
            used = (subject.disk.bytes(of: segment).lastIndex { $0 != 0 } ?? 0) + 1
        }

        private static func entry(_ index: UInt64, _ term: UInt64) -> LogRecord {
            .entry(LogEntry(index: index, term: term, payload: Array("entry \(index)".utf8)))
        }
    }

    /// What was acknowledged is there as it was, or reported; nothing is made up.
    private func expectHonest(_ store: LogStore, _ model: LogModel, _ comment: Comment) {
        #expect(store.lastIndex >= model.last, comment)
        if store.isVoteCertain {
            #expect(store.hardState.term == model.hardState.term, comment)
            #expect(store.hardState.vote == model.hardState.vote, comment)
        }
        for index in 1...model.last {
            do throws(Refusal) {
                #expect(
                    try store.entries(from: index, to: index).first == model.entries[index],
                    comment)
            } catch {
                #expect(error.code == "log.damaged", comment)
                #expect(store.damaged.contains { $0.contains(index) }, comment)
            }
        }
    }

    @Test func `one flipped bit anywhere`() throws {
        let example = try Example()
        for place in 0..<example.used {
            let disk = example.subject.disk
            disk.damage(example.segment) { $0[place] ^= 1 << UInt8(place % 8) }
            let store = try Subject(copy(disk)).store
            expectHonest(store, example.model, "byte \(place)")
            disk.damage(example.segment) { $0[place] ^= 1 << UInt8(place % 8) }
        }
    }

    @Test func `everything from any byte on is zero`() throws {
        let example = try Example()
        let whole = example.subject.disk.bytes(of: example.segment)
        for place in stride(from: 0, to: example.used, by: 8) {
            let disk = example.subject.disk
            disk.damage(example.segment) { for i in place..<$0.count { $0[i] = 0 } }
            let store = try Subject(copy(disk)).store
            // The mark knows how far it was flushed: the end is lost, not denied.
            expectHonest(store, example.model, "zeros from \(place)")
            disk.damage(example.segment) { $0 = whole }
        }
    }

    @Test func `a write that was cut short is dropped, and nothing before it`() throws {
        let example = try Example()
        // One more batch, flushed and never told: the mark does not know of it.
        let mark = example.subject.disk.bytes(of: "\(Subject.folder)/flushed.mark")
        let store = try Subject(example.subject.disk).store
        try store.commit([.entry(LogEntry(index: 6, term: 3, payload: [6, 6, 6]))])
        let disk = example.subject.disk
        disk.damage("\(Subject.folder)/flushed.mark") { $0 = mark }
        let whole = disk.bytes(of: example.segment)
        let end = (whole.lastIndex { $0 != 0 } ?? 0) + 1
        for place in example.used + 8..<end {
            disk.damage(example.segment) { for i in place..<$0.count { $0[i] = 0 } }
            let found = try Subject(copy(disk)).store
            #expect(found.lastIndex == 5 || found.lastIndex == 6)
            #expect(found.damaged.isEmpty, "cut at \(place)")
            for index in 1...5 as ClosedRange<UInt64> {
                #expect(
                    try found.entries(from: index, to: index).first
                        == example.model.entries[index])
            }
            disk.damage(example.segment) { $0 = whole }
        }
    }

    @Test func `an uncertain vote becomes certain again, for good`() throws {
        let example = try Example()
        let disk = example.subject.disk
        disk.lose("\(Subject.folder)/flushed.mark")
        // Without the mark, a lost record may have been a vote.
        var uncertain: Subject?
        let whole = disk.bytes(of: example.segment)
        for place in stride(from: 64, to: example.used - 72, by: 8) where uncertain == nil {
            disk.damage(example.segment) { for i in place..<place + 72 { $0[i] = 0 } }
            let subject = try Subject(copy(disk))
            if !subject.store.isVoteCertain { uncertain = subject }
            disk.damage(example.segment) { $0 = whole }
        }
        var subject = try #require(uncertain)
        try subject.store.commit([.restoredVote(LogHardState(term: 9, vote: 3, commit: 0))])
        #expect(subject.store.isVoteCertain)
        subject.store.close()
        subject = try Subject(subject.disk)
        #expect(subject.store.isVoteCertain)
        #expect(subject.store.hardState.term == 9)
    }

    /// The same bytes on another disk: opening repairs.
    private func copy(_ disk: MemoryDisk) -> MemoryDisk {
        var random = SplitMix64(seed: 1)
        return disk.afterCrash(&random)
    }
}
