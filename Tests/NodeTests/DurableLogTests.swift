import ControlPlane
import LogStore
import Node
import Primitives
import Raft
import Testing

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
        _ disk: MemoryDisk, appliedIndex: LogIndex = 1, covered: CorePosition? = nil
    ) throws -> DurableLog {
        var options = LogOptions()
        options.identity = 1
        options.segmentBytes = 1 << 14
        return try DurableLog(
            folder: "log", genesis: try genesis(), appliedIndex: appliedIndex, covered: covered,
            options: options, disk: disk)
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

    /// Between taking a snapshot in and writing its mark, the state may be saved already: the mark of
    /// that must not begin the log anew under entries that wait to be written. Cluster seed 689.
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
}
