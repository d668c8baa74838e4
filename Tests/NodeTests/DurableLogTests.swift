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

    /// A new leader's append may replace entries and say in the same breath that the new ones are
    /// committed.
    @Test func replacesEntriesByCommittedOnes() throws {
        let disk = MemoryDisk()
        var options = LogOptions()
        options.identity = 1
        options.segmentBytes = 1 << 14
        let log = try DurableLog(
            folder: "log", genesis: try genesis(), appliedIndex: 1, options: options, disk: disk)
        try log.commit(try log.records(of: batch(term: 2, commit: 1, indexes: 2...4)))
        try log.commit(try log.records(of: batch(term: 3, commit: 3, indexes: 3...3)))
        #expect(log.lastIndex == 3)
        #expect(try log.term(at: 2) == 2)
        #expect(try log.term(at: 3) == 3)
        #expect(try log.initialState().0 == HardState(term: 3, vote: 0, commit: 3))
    }

    /// What is committed is not replaced, whoever asks.
    @Test func keepsCommittedEntries() throws {
        var options = LogOptions()
        options.identity = 1
        let log = try DurableLog(
            folder: "log", genesis: try genesis(), appliedIndex: 1, options: options,
            disk: MemoryDisk())
        try log.commit(try log.records(of: batch(term: 2, commit: 3, indexes: 2...4)))
        let records = try log.records(of: batch(term: 3, commit: 3, indexes: 3...3))
        #expect(throws: Refusal.self) { try log.commit(records) }
    }
}
