import ControlPlane
import LogStore
import Primitives
import Raft
import Synchronization
import Testing

@testable import Node

@Suite struct DurableLogTests {
    /// A deployment of one seat; its policies do not matter to a log.
    private func genesis() throws -> Genesis {
        let text = """
            name: log
            chain-id: 1
            governance-asset: VOTE
            currency-asset: VOTE
            assets:
              - symbol: VOTE
                scale: 0
            holders: []
            treasury:
              VOTE: 1
            """
        var genesis = try Genesis(
            parsing: text, name: "genesis", timings: .production, timestamp: .zero)
        genesis.seats = [
            Seat(
                id: 1, publicKey: [UInt8](repeating: 1, count: 32), peerAddress: "one:1",
                clientOrigin: "http://one:1")
        ]
        return genesis
    }

    private func batch(term: UInt64, commit: UInt64, indexes: ClosedRange<UInt64>) -> Message {
        var message = Message(.storageAppend, to: ReservedMember.appendThread, from: 1)
        message.entries = indexes.map { Entry(term: term, index: $0, kind: .normal, data: [7]) }
        message.term = term
        message.commit = commit
        return message
    }

    private func open(
        _ disk: MemoryDisk, appliedIndex: LogIndex = 1, appliedTerm: Term = 0,
        covered: CorePosition? = nil
    ) throws -> DurableLog {
        var options = LogOptions()
        options.identity = 1
        options.segmentBytes = 1 << 14
        return try DurableLog(
            folder: "log", genesis: try genesis(), appliedIndex: appliedIndex,
            appliedTerm: appliedTerm, covered: covered, options: options, disk: disk)
    }

    /// A new leader's append may replace entries and say in the same breath that the new ones are
    /// committed.
    @Test func replacesEntriesByCommittedOnes() throws {
        let disk = MemoryDisk()
        let log = try open(disk)
        try log.commit(try log.records(of: batch(term: 2, commit: 1, indexes: 2...4)))
        try log.commit(try log.records(of: batch(term: 3, commit: 3, indexes: 3...3)))
        #expect(log.lastIndex == 3)
        #expect(try log.term(at: 2) == 2)
        #expect(try log.term(at: 3) == 3)
        #expect(try log.initialState().0 == HardState(term: 3, vote: 0, commit: 3))
    }

    /// The state is a snapshot's, and power was lost before the log wrote that it starts over: what
    /// it still has there was replaced by what was committed. Where both agree, nothing is lost.
    /// Cluster seed 265.
    @Test(arguments: [3, 2] as [Term]) func letsGoOfWhatTheStateContradicts(term: Term) throws {
        let disk = MemoryDisk()
        let before = try open(disk)
        try before.commit(try before.records(of: batch(term: 2, commit: 1, indexes: 2...6)))
        for log in [
            try open(disk, appliedIndex: 4, appliedTerm: term),
            try open(disk, appliedIndex: 4, appliedTerm: term),
        ] {
            #expect(log.lastIndex == (term == 2 ? 6 : 4))
            #expect(log.firstIndex == (term == 2 ? 2 : 5))
            #expect(try log.term(at: 4) == term)
        }
    }

    /// A snapshot that takes the place of what rotted lets go of no entry behind it, which others
    /// count on; any other begins the log anew.
    @Test(arguments: [true, false]) func keepsTheTailBehindASnapshot(keepsTail: Bool) throws {
        let disk = MemoryDisk()
        let log = try open(disk)
        try log.commit(try log.records(of: batch(term: 2, commit: 1, indexes: 2...6)))
        var message = Message(.storageAppend, to: ReservedMember.appendThread, from: 1)
        message.snapshot = Snapshot(
            position: CorePosition(term: 2, index: 4),
            configuration: ConfigurationState(voters: [1]))
        message.keepsTail = keepsTail
        try log.commit(try log.records(of: message))
        for log in [log, try open(disk, appliedIndex: 4)] {
            #expect(log.firstIndex == 5)
            #expect(log.lastIndex == (keepsTail ? 6 : 4))
            #expect(try log.term(at: 4) == 2)
        }
        try log.commit(try log.records(of: batch(term: 3, commit: 4, indexes: 5...5)))
        #expect(log.lastIndex == 5)
    }

    /// Between taking a snapshot in and writing its mark, the state may be saved already: the mark
    /// of that must not begin the log anew under entries that wait to be written. Cluster seed 689.
    @Test func doesNotMarkWhatItHasNotReached() throws {
        let disk = MemoryDisk()
        let log = try open(disk)
        try log.commit(try log.records(of: batch(term: 2, commit: 1, indexes: 2...4)))
        let waiting = try log.records(of: batch(term: 2, commit: 4, indexes: 5...6))
        try log.compact(through: 4, covered: CorePosition(term: 2, index: 9))
        #expect(log.lastIndex == 4)
        try log.commit(waiting)
        #expect(log.lastIndex == 6)
    }

    /// The same where the log ends with the snapshot: what waits begins by dropping that entry. Seed
    /// 6111 with corruption.
    @Test func doesNotLetGoOfWhatIsAboutToStartOver() throws {
        let log = try open(MemoryDisk())
        try log.commit(try log.records(of: batch(term: 2, commit: 1, indexes: 2...6)))
        var message = Message(.storageAppend, to: ReservedMember.appendThread, from: 1)
        message.snapshot = Snapshot(
            position: CorePosition(term: 2, index: 6),
            configuration: ConfigurationState(voters: [1]))
        let waiting = try log.records(of: message)
        try log.compact(through: 6, covered: CorePosition(term: 2, index: 6))
        #expect(log.firstIndex == 2)
        try log.commit(waiting)
        #expect(log.firstIndex == 7)
        #expect(log.lastIndex == 6)
    }

    /// The log's beginning may be let go of while a repair of it waits to be written.
    @Test func aRepairThatCameTooLateIsNone() throws {
        let disk = MemoryDisk()
        let log = try open(disk)
        try log.commit(try log.records(of: batch(term: 2, commit: 1, indexes: 2...6)))
        var message = Message(.storageAppend, to: ReservedMember.appendThread, from: 1)
        message.repair = StorageRepair(
            entries: [Entry(term: 2, index: 3, kind: .normal, data: [7])])
        let late = try log.records(of: message)
        try log.compact(through: 4, covered: CorePosition(term: 2, index: 5))
        try log.commit(late)
        #expect(log.firstIndex == 5)
        #expect(try open(disk, appliedIndex: 5).firstIndex == 5)
    }

    /// The record of where the log begins is lost: what lies before the first entry is no entry of
    /// anybody's, and is not asked for.
    @Test func forgetsALostBeginning() throws {
        let disk = MemoryDisk()
        var log = try open(disk)
        try log.commit(try log.records(of: batch(term: 2, commit: 1, indexes: 2...4)))
        log.close()
        let segment = try #require(disk.names.first { $0.hasSuffix(".log") })
        disk.damage(segment) { for place in 64..<112 { $0[place] = 0xEE } }
        for _ in 0..<2 {
            log = try open(disk)
            #expect(log.damaged.isEmpty)
            #expect(log.firstIndex == 2)
            #expect(log.lastIndex == 4)
            #expect(
                try log.entries(from: 2, to: 5, maximumBytes: .max).map(\.index) == [2, 3, 4])
            log.close()
        }
    }

    /// The same behind a snapshot: it covers what cannot be read, so nobody is asked for it.
    @Test func forgetsWhatASnapshotCovers() throws {
        let disk = MemoryDisk()
        let log = try open(disk)
        for start in stride(from: 2, to: 902, by: 100) as StrideTo<UInt64> {
            let range = start...start + 99
            try log.commit(
                try log.records(of: batch(term: 2, commit: start - 1, indexes: range)))
        }
        let covered = CorePosition(term: 2, index: 800)
        try log.compact(through: 700, covered: covered)
        log.close()
        // The record that let the segments before go.
        let segment = try #require(disk.names.last { $0.hasSuffix(".log") })
        let end = try #require(disk.bytes(of: segment).lastIndex { $0 != 0 })
        disk.damage(segment) { for place in end - 40...end { $0[place] = 0xEE } }
        let again = try open(disk, appliedIndex: 850, covered: covered)
        #expect(again.damaged.isEmpty)
        #expect(again.lastIndex == 901)
        #expect(try again.term(at: 901) == 2)
    }

    /// What is committed is not replaced, whoever asks.
    @Test func keepsCommittedEntries() throws {
        let log = try open(MemoryDisk())
        try log.commit(try log.records(of: batch(term: 2, commit: 3, indexes: 2...4)))
        let records = try log.records(of: batch(term: 3, commit: 3, indexes: 3...3))
        #expect(throws: Refusal.self) { try log.commit(records) }
    }

    /// A commit index is not worth a write: it goes with what is written next, and with the end.
    @Test func keepsTheCommitIndexForTheNextWrite() throws {
        let disk = MemoryDisk()
        var log = try open(disk)
        try log.commit(try log.records(of: batch(term: 2, commit: 1, indexes: 2...4)))
        #expect(try log.records(of: state(term: 2, commit: 3)).isEmpty)
        #expect(try log.records(of: state(term: 2, commit: 4)).isEmpty)
        #expect(try log.initialState().0.commit == 1)
        var next = batch(term: 2, commit: 0, indexes: 5...5)
        (next.term, next.vote, next.commit) = (0, 0, 0)
        try log.commit(try log.records(of: next))
        #expect(try log.initialState().0 == HardState(term: 2, vote: 0, commit: 4))
        #expect(try log.records(of: state(term: 2, commit: 5)).isEmpty)
        log.close()
        log = try open(disk)
        #expect(try log.initialState().0 == HardState(term: 2, vote: 0, commit: 5))
        // A term is written at once, and what waited goes with it.
        #expect(try log.records(of: state(term: 2, commit: 5)).isEmpty)
        #expect(try log.records(of: state(term: 3, commit: 5)).count == 1)
    }

    private func state(term: Term, commit: LogIndex) -> Message {
        Message(.storageAppend, to: ReservedMember.appendThread, term: term, commit: commit)
    }

    /// What promises nothing new need not wait for the log's thread; what does waits.
    @Test(.timeLimit(.minutes(1))) func answersAtOnceWhenNothingIsUnderWay() async throws {
        let log = try open(MemoryDisk())
        var quick = state(term: 2, commit: 1)
        quick.responses = [Message(.appendResponse, to: 2, index: 1)]
        let reports = Mutex<[MemberInput]>([])
        let note = { @Sendable (input: MemberInput) in reports.withLock { $0.append(input) } }
        // The first state is a write: its term is not on the disk.
        let first = batch(term: 2, commit: 1, indexes: 2...4)
        #expect(try !log.write(first, report: note))
        _ = try await eventually("the batch to be stored") { () async throws(Refusal) -> Bool? in
            try log.write(quick, report: note) ? true : nil
        }
        #expect(log.lastIndex == 4)
        // The log is broken: what cannot be written, and what follows, is never promised.
        let gap = batch(term: 2, commit: 1, indexes: 9...9)
        #expect(try !log.write(gap, report: note))
        _ = try await eventually("the batch to be refused") { () async throws(Refusal) -> Bool? in
            let isRefused = reports.withLock { reports in
                reports.contains { if case .logFailed = $0 { true } else { false } }
            }
            return isRefused ? true : nil
        }
        #expect(try !log.write(quick, report: note))
        log.close()
    }
}
