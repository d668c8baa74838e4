import Primitives
import Simulator
import Testing

@testable import Raft

@Suite struct ElectionTests {
    @Test func `a group elects, replicates and applies`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        #expect(group[1].node.role == .leader)
        try group[2].node.propose([42])
        try group.settle()
        for id in MemberID(1)...3 {
            #expect(group[id].node.leader == 1)
            #expect(group.applied[id]?.last?.data == [42])
        }
    }

    @Test func `an isolated member does not disturb the group when it returns`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        let term = group[1].node.term
        group.cut = [3]
        try group.tick(3, times: 100)
        try group.settle()
        #expect(group[3].node.term == term, "pre-vote leaves the term alone")
        group.cut = []
        try group.tick(1)
        try group.settle()
        #expect(group[1].node.role == .leader)
        #expect(group[3].node.leader == 1)
    }

    @Test func `a leader without a quorum steps down`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        group.cut = [1]
        for _ in 0..<25 {
            try group.tick(1)
            try group.settle()
        }
        #expect(group[1].node.role != .leader)
    }

    @Test func `leadership moves to the member named, without losing proposals`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        try group[1].node.propose([1])
        try group[1].node.transferLeadership(to: 3)
        #expect(throws: Refusal("raft.proposal-dropped", "")) { try group[1].node.propose([2]) }
        try group.settle()
        #expect(group[3].node.role == .leader)
        #expect(group.applied[3]?.contains { $0.data == [1] } == true)
    }

    @Test func `a transfer that does not succeed in time is given up`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        group.cut = [3]
        try group[1].node.propose([1])
        try group[1].node.transferLeadership(to: 3)
        for _ in 0..<11 {
            try group.tick(1)
            try group.settle()
        }
        try group[1].node.propose([2])
        try group.settle()
        #expect(group.applied[2]?.last?.data == [2])
    }

    @Test func `a learner does not stand, but votes`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        try group[1].node.propose(ConfigurationChange([.init(.addLearner, 3)]))
        try group.settle()
        #expect(group[1].node.configuration.learners.ids == [3])
        try group[3].node.campaign()
        #expect(group[3].node.role == .follower)
        try group[3].node.step(
            Message(.vote, to: 3, from: 2, term: 9, logTerm: 9, index: 99).transferred)
        let ready = try group[3].node.ready()
        #expect(ready.messages.contains { $0.kind == .voteResponse && !$0.isRejected })
    }

    @Test func `a restart keeps the vote`() throws {
        let group = try QuietGroup(3)
        let request = Message(.vote, to: 3, from: 2, term: 5, logTerm: 0, index: 1)
        try group[3].node.step(request)
        try group.work(3)
        group[3].crash(losesState: true)
        try group[3].restart(seed: 9)
        group.network = []
        var rival = request
        rival.from = 1
        try group[3].node.step(rival)
        try group.work(3)
        #expect(group.network.count == 1)
        #expect(group.network.first?.isRejected == true)
    }

    @Test func `messages that are not for this member are refused`() throws {
        let group = try QuietGroup(3)
        func code(_ message: Message) -> String? {
            do {
                try group[1].node.step(message)
                return nil
            } catch { return error.code }
        }
        #expect(code(Message(.vote, to: 2, from: 3, term: 1)) == "raft.misdirected")
        #expect(code(Message(.campaign, to: 1, from: 2)) == "raft.local-message")
        #expect(code(Message(.appendResponse, to: 1, from: 9, term: 1)) == "raft.unknown-member")
        #expect(code(Message(.append, to: 1, from: 2)) == "raft.malformed-message")
        let gap = Message(
            .append, to: 1, from: 2, term: 1, index: 1, entries: [Entry(term: 1, index: 3)])
        #expect(code(gap) == "raft.malformed-message")
        #expect(group[1].node.status.failure == nil)
    }

    @Test func `a set-up that cannot work is refused`() throws {
        var options = RaftOptions(id: 1, seed: 1)
        options.heartbeatTicks = options.electionTicks
        #expect(throws: Refusal("raft.options", "")) {
            try RawNode(options: options, storage: MemoryStorage())
        }
        options = RaftOptions(id: 0, seed: 1)
        #expect(throws: Refusal("raft.options", "")) {
            try RawNode(options: options, storage: MemoryStorage())
        }
    }
}

extension Message {
    /// The same request, at a leader's wish.
    var transferred: Message {
        var message = self
        message.isTransfer = true
        return message
    }
}
