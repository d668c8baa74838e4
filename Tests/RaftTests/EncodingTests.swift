import Primitives
import Testing

@testable import Raft

@Suite struct EncodingTests {
    private func message(_ random: inout SplitMix64) -> Message {
        let kinds = MessageKind.allCases.filter { !$0.isLocal }
        let kind = kinds[Int(random.next(below: UInt64(kinds.count)))]
        var message = Message(
            kind, to: random.next(), from: random.next(below: 9), term: random.next(below: 300),
            logTerm: random.next(below: 300), index: random.next(), commit: random.next())
        message.entries = (0..<random.next(below: 4)).map { index in
            Entry(
                term: random.next(below: 9), index: index,
                kind: EntryKind(rawValue: UInt8(random.next(below: 3))) ?? .normal,
                data: random.bytes(Int(random.next(below: 40))))
        }
        if random.next(below: 3) == 0 {
            message.snapshot = Snapshot(
                position: LogPosition(term: 3, index: random.next()),
                configuration: ConfigurationState(
                    voters: [1, 2], votersOutgoing: [2, 9], learners: [5], autoLeave: true),
                data: random.bytes(20))
        }
        message.isRejected = random.next(below: 2) == 0
        message.isTransfer = random.next(below: 2) == 0
        message.rejectHint = random.next()
        message.readPosition = random.next()
        message.leaderTick = random.next()
        message.knownCommit = random.next()
        if message.isRefusedVote { message.knownCommitTerm = random.next() }
        message.context = random.bytes(Int(random.next(below: 9)))
        return message
    }

    @Test(arguments: UInt64(1)...200)
    func `a message survives its encoding, and no other bytes do`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let message = message(&random)
        let bytes = message.encoded
        #expect(try Message(decoding: bytes) == message)
        #expect(throws: Refusal.self) { try Message(decoding: Array(bytes.dropLast())) }
        #expect(throws: Refusal.self) { try Message(decoding: bytes + [0]) }
        // One value has one spelling: whatever else decodes must be another value.
        for _ in 0..<50 {
            var damaged = bytes
            let place = Int(random.next(below: UInt64(bytes.count)))
            damaged[place] ^= UInt8(1 + random.next(below: 255))
            if let other = try? Message(decoding: damaged) {
                #expect(other != message)
                #expect(other.encoded == damaged)
            }
        }
    }

    @Test func `local messages do not travel`() {
        for kind in MessageKind.allCases where kind.isLocal {
            #expect(throws: Refusal.self) { try Message(decoding: Message(kind).encoded) }
        }
    }

    @Test func `the form of an entry is pinned`() {
        let entry = Entry(term: 1, index: 300, kind: .configurationChange, data: [7, 8])
        #expect(entry.encoded == [2, 1, 0xAC, 0x02, 2, 7, 8])
    }

    @Test func `unknown kinds, huge counts and disorder are refused`() {
        #expect(throws: Refusal.self) { try Entry(decoding: [9, 1, 1, 0]) }
        #expect(throws: Refusal.self) { try Entry(decoding: [0, 1, 1, 0xFF, 0xFF, 0xFF, 0x7F]) }
        #expect(throws: Refusal.self) { try ConfigurationChange(decoding: [3, 0, 0]) }
        #expect(throws: Refusal.self) { try ConfigurationChange(decoding: [0, 1, 4, 1, 0]) }
        #expect(throws: Refusal.self) { try ConfigurationState(decoding: [2, 2, 1, 0, 0, 0, 0]) }
    }

    @Test func `a configuration change survives its encoding`() throws {
        let change = ConfigurationChange(
            [.init(.addLearner, 7), .init(.remove, 1)], transition: .jointExplicit, context: [1])
        #expect(try ConfigurationChange(decoding: change.encoded) == change)
        let empty = Entry(kind: .configurationChange)
        #expect(try empty.configurationChange()?.leavesJoint == true)
    }
}
