import Primitives
import Simulator
import Testing

@testable import Raft

@Suite struct StorageTests {
    private let quiet = Tracer(observe: nil)

    private func entries(_ range: ClosedRange<LogIndex>, term: Term) -> [Entry] {
        range.map { Entry(term: term, index: $0, data: [1]) }
    }

    @Test func `memory storage replaces a tail and refuses gaps`() throws {
        let storage = MemoryStorage()
        try storage.append(entries(1...5, term: 1))
        try storage.append(entries(3...4, term: 2))
        #expect(storage.lastIndex == 4)
        #expect(try storage.term(at: 4) == 2)
        #expect(throws: Refusal("storage.unavailable", "")) {
            try storage.append(entries(7...7, term: 2))
        }
        try storage.compact(through: 2)
        #expect(storage.firstIndex == 3)
        #expect(try storage.term(at: 2) == 1)
        #expect(throws: Refusal("storage.compacted", "")) {
            try storage.entries(from: 2, to: 4, maximumBytes: .max)
        }
        #expect(try storage.entries(from: 3, to: 5, maximumBytes: 1).count == 1)
        try storage.append(entries(1...3, term: 3))
        #expect(try storage.term(at: 3) == 3, "what is compacted is skipped")
    }

    @Test func `what is unstable is let go only when it is the same entry`() {
        var log = UnstableLog(offset: 5, trace: quiet)
        log.truncateAndAppend(entries(5...8, term: 1))
        log.acceptInProgress()
        #expect(!log.hasNextEntries)
        log.truncateAndAppend(entries(7...7, term: 2))
        #expect(log.nextEntries.map(\.term) == [2])
        log.stable(to: LogPosition(term: 1, index: 8))
        #expect(log.offset == 5, "the entry at 8 is gone")
        log.stable(to: LogPosition(term: 1, index: 7))
        #expect(log.offset == 5, "the entry at 7 is another one now")
        log.stable(to: LogPosition(term: 1, index: 6))
        #expect(log.offset == 7)
        log.truncateAndAppend(entries(4...4, term: 3))
        #expect(log.offset == 4)
        #expect(log.entries.count == 1)
    }

    @Test func `a slice joins storage and memory within its limit`() throws {
        let storage = MemoryStorage()
        try storage.append(entries(1...5, term: 1))
        var log = RaftLog(storage: storage, maximumApplyingBytes: .max, trace: quiet)
        try log.append(entries(6...9, term: 1))
        let size = entries(1...1, term: 1).footprint
        for count in UInt64(1)...9 {
            let slice = try log.entries(from: 1, maximumBytes: size * count)
            #expect(slice.map(\.index) == Array(1...count))
        }
        #expect(try log.entries(from: 1, maximumBytes: 0).count == 1)
        #expect(try log.entries(from: 10, maximumBytes: .max).isEmpty)
    }

    @Test func `applying pauses at its bound`() throws {
        let storage = MemoryStorage()
        try storage.append(entries(1...6, term: 1))
        let size = entries(1...1, term: 1).footprint
        var log = RaftLog(storage: storage, maximumApplyingBytes: size * 2, trace: quiet)
        try log.commit(to: 6)
        let first = try log.nextCommittedEntries(allowUnstable: true)
        #expect(first.count == 2)
        try log.acceptApplying(through: 2, bytes: first.footprint, allowUnstable: true)
        #expect(!log.hasNextCommittedEntries(allowUnstable: true))
        try log.applied(to: 2, bytes: first.footprint)
        #expect(try log.nextCommittedEntries(allowUnstable: true).map(\.index) == [3, 4])
    }

    @Test func `a conflict skips a whole term`() throws {
        let storage = MemoryStorage()
        try storage.append(entries(1...2, term: 1) + entries(3...9, term: 4))
        let log = RaftLog(storage: storage, maximumApplyingBytes: .max, trace: quiet)
        #expect(try log.findConflict(before: 9, term: 3) == LogPosition(term: 1, index: 2))
        #expect(try log.findConflict(before: 9, term: 4) == LogPosition(term: 4, index: 9))
        #expect(try log.findConflict(before: 9, term: 0) == LogPosition(term: 0, index: 0))
    }

    @Test func `a Ready is concluded before the next`() throws {
        let group = try QuietGroup(1)
        try group[1].node.campaign()
        _ = try group[1].node.ready()
        #expect(throws: Refusal("raft.not-advanced", "")) { try group[1].node.ready() }
    }

    /// Entries A are being written, B replaces them, A returns: the first acknowledgement of A
    /// names entries that are here again, while B is still to be written over them on disk.
    @Test func `an acknowledgement of an earlier term stabilises nothing`() throws {
        var founding = ChainState()
        founding.position = LogPosition(term: 0, index: 1)
        founding.configuration = ConfigurationState(voters: [1, 2, 3])
        var options = RaftOptions(id: 1, seed: 1)
        options.asynchronousStorageWrites = true
        let member = try GroupMember(options: options, founding: founding.snapshot) { _ in }
        func append(term: Term, entryTerm: Term) -> Message {
            Message(
                .append, to: 1, from: term == 2 ? 3 : 2, term: term, index: 1,
                entries: [Entry(term: entryTerm, index: 2)])
        }
        try member.node.step(append(term: 1, entryTerm: 1))
        let first = try member.node.ready()
        try member.node.step(append(term: 2, entryTerm: 2))
        _ = try member.node.ready()
        try member.node.step(append(term: 3, entryTerm: 1))
        _ = try member.node.ready()
        for message in first.messages {
            for response in message.responses where response.to == 1 {
                try member.node.step(response)
            }
        }
        #expect(member.node.core.log.unstable.entries.map(\.term) == [1])
    }

    @Test func `asynchronous storage acknowledges nothing before its time`() throws {
        var founding = ChainState()
        founding.position = LogPosition(term: 0, index: 1)
        founding.configuration = ConfigurationState(voters: [1])
        var options = RaftOptions(id: 1, seed: 1)
        options.asynchronousStorageWrites = true
        let member = try GroupMember(options: options, founding: founding.snapshot) { _ in }
        try member.node.campaign()
        /// Flushes what the append task was asked to, and answers.
        func flush(_ ready: Ready) throws {
            for message in ready.messages where message.to == ReservedMember.appendThread {
                try member.persist(
                    message.hardState, message.entries, message.snapshot, isFlushed: true)
                for response in message.responses { try member.node.step(response) }
            }
        }
        while member.node.role != .leader { try flush(try member.node.ready()) }
        let ready = try member.node.ready()
        #expect(ready.entries.count == 1)
        #expect(member.node.committedIndex == 1, "its own entry is not durable yet")
        try flush(ready)
        #expect(member.node.committedIndex == 2)
        let next = try member.node.ready()
        #expect(next.messages.contains { $0.to == ReservedMember.applyThread })
    }
}
