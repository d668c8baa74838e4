// A member whose disk lost something it had promised: what it says meanwhile, and how it heals.

import Primitives
import Testing

@testable import Raft

@Suite struct RepairTests {
    private static let log: [Entry] = (2...6).map {
        Entry(term: 1, index: $0, data: [UInt8($0)])
    }

    private func node(_ storage: DamagedStorage, applied: LogIndex = 1) throws -> RawNode {
        var options = RaftOptions(id: 1, seed: 1)
        options.asynchronousStorageWrites = true
        options.appliedIndex = applied
        return try RawNode(options: options, storage: storage)
    }

    /// Ticks until the member asks, and answers what it asks of `member`.
    private func question(_ node: inout RawNode, to member: MemberID) throws -> Message {
        for _ in 0..<10 {
            try node.tick()
            guard node.hasReady else { continue }
            let asked = try node.ready().messages.first {
                $0.kind == .repairRequest && $0.to == member
            }
            if let asked { return asked }
        }
        throw Refusal("test.silent", "it never asked")
    }

    private func answer(
        _ question: Message, _ entries: [Entry], from member: MemberID, term: Term,
        commit: LogIndex, last: LogIndex, leads: Bool
    ) -> Message {
        var answer = Message(
            .repairResponse, to: 1, from: member, logTerm: term, index: question.index,
            commit: commit)
        answer.entries = entries
        answer.context = question.context
        answer.rejectHint = last
        answer.vote = leads ? member : ReservedMember.none
        return answer
    }

    private func heartbeat(_ node: inout RawNode, term: Term, commit: LogIndex = 1) throws {
        try node.step(Message(.heartbeat, to: 1, from: 2, term: term, commit: commit))
    }

    private func repairs(_ node: inout RawNode) throws -> [Entry] {
        guard node.hasReady else { return [] }
        return try node.ready().messages.compactMap(\.repair).flatMap(\.entries)
    }

    @Test func `a committed entry is taken from any member that knows it committed`() throws {
        let storage = try DamagedStorage(Self.log)
        storage.damaged = [3...4]
        storage.state.commit = 5
        var node = try node(storage)
        let asked = try question(&node, to: 3)
        #expect(asked.index == 3)
        #expect(asked.rejectHint == 4)
        try node.step(
            answer(
                asked, Array(Self.log[1...2]), from: 3, term: 1, commit: 6, last: 6, leads: false))
        let repaired = try repairs(&node)
        #expect(repaired == Array(Self.log[1...2]))
        // The disk says when it is done.
        storage.damaged = []
        try node.tick()
        #expect(!node.isImpaired)
    }

    @Test func `what is not committed is not taken from a follower`() throws {
        let storage = try DamagedStorage(Self.log)
        storage.damaged = [5...6]
        var node = try node(storage)
        let asked = try question(&node, to: 3)
        try node.step(
            answer(
                asked, Self.log, from: 3, term: 1, commit: 1, last: 6, leads: false))
        let repaired = try repairs(&node)
        #expect(repaired.isEmpty)
    }

    @Test func `with damage at its end it neither acknowledges nor stands`() throws {
        let storage = try DamagedStorage(Self.log)
        storage.damaged = [5...6]
        var node = try node(storage)
        try heartbeat(&node, term: 2)
        try node.step(
            Message(
                .append, to: 1, from: 2, term: 2, logTerm: 1, index: 6,
                entries: [Entry(term: 2, index: 7)], commit: 1))
        let answers = try node.ready().messages.flatMap { [$0] + $0.responses }
        #expect(!answers.contains { $0.kind == .appendResponse })
        try node.campaign()
        #expect(node.role == .follower)
    }

    @Test func `the leader's entries of the same term heal it`() throws {
        let storage = try DamagedStorage(Self.log)
        storage.damaged = [4...4, 6...6]
        storage.lostTerms = [6]
        var node = try node(storage)
        try heartbeat(&node, term: 2)
        let asked = try question(&node, to: 2)
        #expect(asked.index == 2)
        try node.step(
            answer(asked, Self.log, from: 2, term: 2, commit: 1, last: 6, leads: true))
        let repaired = try repairs(&node)
        #expect(repaired.map(\.index) == [4, 6])
    }

    /// A member that lost 5 and 6, and the leader's answer that its own log ends at 4: they were
    /// never committed.
    private func condemned() throws -> (RawNode, DamagedStorage) {
        let storage = try DamagedStorage(Self.log)
        storage.damaged = [5...6]
        storage.lostTerms = [5, 6]
        var node = try node(storage)
        try heartbeat(&node, term: 2)
        let asked = try question(&node, to: 2)
        try node.step(
            answer(
                asked, Array(Self.log[0...2]), from: 2, term: 2, commit: 1, last: 4, leads: true))
        return (node, storage)
    }

    @Test func `what the leader does not have is replaced, and only from there on`() throws {
        var (node, _) = try condemned()
        let repaired = try repairs(&node)
        #expect(repaired.isEmpty)
        let fresh = Entry(term: 2, index: 5, data: [9])
        try node.step(
            Message(
                .append, to: 1, from: 2, term: 2, logTerm: 1, index: 4, entries: [fresh], commit: 1)
        )
        let ready = try node.ready()
        #expect(ready.entries == [fresh])
        #expect(!node.isImpaired)
    }

    /// The last committed entry may be in nobody's log any more, and its term with it.
    @Test func `what follows an applied entry is taken though its term is lost`() throws {
        let storage = try DamagedStorage(Self.log)
        storage.damaged = [5...6]
        storage.lostTerms = [5]
        storage.state.commit = 5
        var node = try node(storage, applied: 5)
        try heartbeat(&node, term: 2, commit: 5)
        let asked = try question(&node, to: 2)
        #expect(asked.index == 6)
        let fresh = Entry(term: 2, index: 6, data: [9])
        try node.step(answer(asked, [fresh], from: 2, term: 2, commit: 5, last: 6, leads: true))
        try node.step(
            Message(
                .append, to: 1, from: 2, term: 2, logTerm: 1, index: 5, entries: [fresh], commit: 6)
        )
        #expect(try node.ready().entries == [fresh])
        #expect(node.committedIndex == 6)
    }

    @Test func `a snapshot takes what was condemned with it`() throws {
        let condemned = try condemned()
        var node = condemned.0
        let storage = condemned.1
        let snapshot = Snapshot(
            position: LogPosition(term: 2, index: 8),
            configuration: ConfigurationState(voters: [1, 2, 3]))
        var sent = Message(.snapshot, to: 1, from: 2, term: 2)
        sent.snapshot = snapshot
        try node.step(sent)
        #expect(try node.ready().snapshot == snapshot)
        try storage.memory.apply(snapshot)
        (storage.damaged, storage.lostTerms) = ([], [])
        var stored = Message(.storageAppendResponse, to: 1, from: ReservedMember.appendThread)
        stored.snapshot = snapshot
        try node.step(stored)
        let next = Entry(term: 2, index: 9, data: [9])
        try node.step(
            Message(
                .append, to: 1, from: 2, term: 2, logTerm: 2, index: 8, entries: [next], commit: 8)
        )
        #expect(try node.ready().entries == [next])
    }

    @Test func `an answer to an earlier life does not count`() throws {
        let storage = try DamagedStorage(Self.log)
        storage.damaged = [3...3]
        storage.state.commit = 5
        var node = try node(storage)
        var stale = try question(&node, to: 3)
        stale.context = [0, 0, 0, 0, 0, 0, 0, 0]
        try node.step(
            answer(stale, [Self.log[1]], from: 3, term: 1, commit: 6, last: 6, leads: false))
        let repaired = try repairs(&node)
        #expect(repaired.isEmpty)
    }

    @Test func `whoever forgot its vote is silent until all have told their terms`() throws {
        let storage = try DamagedStorage(Self.log)
        storage.isVoteCertain = false
        var node = try node(storage)
        let asked = try question(&node, to: 2)
        var vote = Message(.vote, to: 1, from: 3, term: 7, logTerm: 1, index: 6)
        try node.step(vote)
        #expect(!node.hasReady)
        try node.step(answer(asked, [], from: 2, term: 4, commit: 1, last: 6, leads: false))
        #expect(node.isImpaired)
        try node.step(answer(asked, [], from: 3, term: 5, commit: 1, last: 6, leads: false))
        #expect(!node.isImpaired)
        #expect(node.term == 5)
        // It counts as having voted in the highest of them.
        vote.term = 5
        try node.step(vote)
        let ready = try node.ready()
        let answers = ready.messages.flatMap { [$0] + $0.responses }
        #expect(!answers.contains { $0.kind == .voteResponse && !$0.isRejected })
        #expect(ready.messages.contains { $0.repair?.restoresVote == true })
    }

    @Test func `a candidate does not lead before its own vote is durable`() throws {
        let storage = try DamagedStorage(Self.log)
        var options = RaftOptions(id: 1, seed: 1)
        options.asynchronousStorageWrites = true
        options.appliedIndex = 1
        options.preVote = false
        var node = try RawNode(options: options, storage: storage)
        try node.campaign()
        let ready = try node.ready()
        for member in [2, 3] as [MemberID] {
            try node.step(Message(.voteResponse, to: 1, from: member, term: node.term))
        }
        #expect(node.role == .candidate)
        for message in ready.messages where message.to == ReservedMember.appendThread {
            for response in message.responses where response.to == 1 { try node.step(response) }
        }
        #expect(node.role == .leader)
    }
}
