import Primitives
import Simulator
import Testing

@testable import Raft

@Suite struct ReplicationTests {
    @Test func `a leader refuses what passes the bound on uncommitted bytes`() throws {
        let group = try QuietGroup(3) { $0.maximumUncommittedBytes = 100 }
        try group.elect(1)
        group.cut = [2, 3]
        try group[1].node.propose([UInt8](repeating: 1, count: 150))
        #expect(throws: Refusal("raft.too-much-uncommitted", "")) {
            try group[1].node.propose([1])
        }
        try group[1].node.propose([Entry()])
        group.cut = []
        for _ in 0..<3 {
            try group.tick(1)
            try group.settle()
        }
        try group[1].node.propose([1])
    }

    @Test func `entries of an earlier term commit only with one of the leader's own`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        group.cut = [2, 3]
        try group[1].node.propose([1])
        try group.work(1)
        let committed = group[1].node.committedIndex
        // Everyone acknowledges the old entry, but the leader is of a later term.
        var core = group[1].node.core
        core.term = 9
        for place in 0..<3 { _ = core.tracker.progress.values[place].acknowledge(3) }
        let advances = try core.advanceCommit()
        #expect(!advances)
        #expect(core.log.committed == committed)
    }

    @Test func `a follower behind the log gets a snapshot`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        group.cut = [3]
        for byte in UInt8(1)...20 {
            try group[1].node.propose([byte])
            try group.settle()
        }
        try group[1].compact(keeping: 2)
        group.cut = []
        for _ in 0..<3 {
            try group.tick(1)
            try group.settle()
        }
        #expect(group[3].storage.state == group[1].storage.state)
        #expect(group[3].storage.firstIndex > 2)
    }

    @Test func `a change that cannot be applied never enters the log`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        let all = [MemberID(1), 2, 3].map { MemberChange(.remove, $0) }
        try group[1].node.propose(ConfigurationChange(all))
        try group.settle()
        #expect(group.applied[1]?.last?.kind == .normal)
        #expect(group[1].node.configuration.voters.voters.ids == [1, 2, 3])
    }

    @Test func `two changes at once are not taken`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        try group[1].node.propose(ConfigurationChange([.init(.remove, 3)]))
        try group[1].node.propose(ConfigurationChange([.init(.remove, 2)]))
        try group.settle()
        #expect(group[1].node.configuration.voters.voters.ids == [1, 2])
    }

    @Test func `a removed leader hands over and leaves a group that serves`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        try group[1].node.propose(ConfigurationChange([.init(.remove, 1)]))
        #expect(throws: Refusal("raft.proposal-dropped", "")) { try group[1].node.propose([1]) }
        try group.settle()
        #expect(group[1].node.role == .follower)
        let leader = try #require(group.members.first { $0.node.role == .leader })
        #expect(leader.id != 1)
        try leader.node.propose([5])
        group.cut = [1]
        try group.settle()
        #expect(group.applied[leader.id]?.last?.data == [5])
    }

    /// All three members are replaced, one after the other.
    @Test func `a joint change replaces several members at once`() throws {
        let group = try QuietGroup(5)
        try group.elect(1)
        let changes: [MemberChange] = [.init(.remove, 1), .init(.remove, 2), .init(.addLearner, 3)]
        try group[1].node.propose(ConfigurationChange(changes))
        try group.settle()
        let leader = try #require(group.members.first { $0.node.role == .leader })
        #expect(
            leader.node.configuration.state == ConfigurationState(voters: [4, 5], learners: [3]))
    }

    @Test func `a log that lost what it had acknowledged stops the member`() throws {
        let group = try QuietGroup(3)
        var heartbeat = Message(.heartbeat, to: 2, from: 1, term: 1, commit: 99)
        heartbeat.leaderTick = 1
        #expect(throws: Refusal("raft.log-lost", "")) { try group[2].node.step(heartbeat) }
        #expect(group[2].node.status.failure?.code == "raft.log-lost")
        #expect(throws: Refusal("raft.log-lost", "")) { try group[2].node.tick() }
        #expect(!group[2].node.hasReady)
    }
}
