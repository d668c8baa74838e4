import Primitives
import Simulator
import Testing

@testable import Raft

@Suite struct ReadTests {
    @Test func `a read on a follower sees what was committed before it`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        try group[1].node.propose([1])
        try group.settle()
        try group[2].node.readIndex([7])
        try group.settle()
        let read = try #require(group.reads[2]?.first)
        #expect(read.context == [7])
        #expect(read.index == group[1].node.committedIndex)
    }

    @Test func `a deposed leader confirms nothing`() throws {
        let group = try QuietGroup(3)
        try group.elect(1)
        group.cut = [1]
        var successor: GroupMember?
        while successor == nil {
            for id in MemberID(2)...3 { try group.tick(id) }
            try group.settle()
            successor = group.members.dropFirst().first { $0.node.role == .leader }
        }
        try successor?.node.propose([1])
        try group.settle()
        #expect(group[1].node.role == .leader, "it does not know yet")
        try group[1].node.readIndex([7])
        try group.settle()
        #expect(group.reads[1, default: []].isEmpty)
    }

    @Test func `a new leader answers only after its first commit`() throws {
        let group = try QuietGroup(1)
        try group[1].node.campaign()
        try group.work(1)
        try group.work(1)
        while group[1].node.role != .leader { try group.work(1) }
        try group[1].node.readIndex([7])
        #expect(group[1].node.status.hardState.commit == 1)
        #expect(group.reads[1, default: []].isEmpty)
        try group.settle()
        #expect(group.reads[1]?.first?.index == 2)
    }

    /// An answer to an older heartbeat must not confirm a younger read, even if both reads carry
    /// the same context.
    @Test func `an old answer does not confirm a young read`() {
        let voters = JointConfiguration(
            incoming: MajorityConfiguration(MemberSet([1, 2, 3])))
        var reads = ReadIndexQueue()
        reads.add(PendingRead(request: Message(.readIndex), index: 5))
        let old = reads.position
        reads.acknowledge(old, by: 1)
        reads.acknowledge(old, by: 2)
        let first = reads.takeConfirmed(by: voters)
        #expect(first.map { $0.index } == [5])
        reads.add(PendingRead(request: Message(.readIndex), index: 9))
        reads.acknowledge(reads.position, by: 1)
        reads.acknowledge(old, by: 2)
        reads.acknowledge(old, by: 3)
        let second = reads.takeConfirmed(by: voters)
        #expect(second.isEmpty)
        reads.acknowledge(reads.position, by: 3)
        let third = reads.takeConfirmed(by: voters)
        #expect(third.map { $0.index } == [9])
    }

    @Test func `reads are bounded`() throws {
        let group = try QuietGroup(3) { $0.maximumPendingReads = 2 }
        try group.elect(1)
        try group[1].node.readIndex([1])
        try group[1].node.readIndex([2])
        #expect(throws: Refusal("raft.too-many-reads", "")) { try group[1].node.readIndex([3]) }
    }

    @Test func `without a leader a read is refused`() throws {
        let group = try QuietGroup(3)
        #expect(throws: Refusal("raft.no-leader", "")) { try group[1].node.readIndex([1]) }
    }

    // MARK: Leases

    private func leased() throws -> QuietGroup {
        let group = try QuietGroup(3) { $0.readOption = .leaseBased }
        try group.elect(1)
        try group.tick(1)
        try group.settle()
        return group
    }

    @Test func `a lease answers without a round trip while it holds`() throws {
        let group = try leased()
        group.cut = [1]
        try group[1].node.readIndex([1])
        try group.work(1)
        #expect(group.reads[1]?.count == 1)
        // It counts from when the answered heartbeat was sent, and ends before a rival can rise.
        try group.tick(1, times: 8)
        try group[1].node.readIndex([2])
        try group.work(1)
        #expect(group.reads[1]?.count == 2)
        try group.tick(1, times: 1)
        try group[1].node.readIndex([3])
        try group.work(1)
        #expect(group.reads[1]?.count == 2, "the lease has run out")
    }

    @Test func `members in a lease neither stand early nor vote`() throws {
        let group = try leased()
        try group[2].node.campaign()
        #expect(group[2].node.role == .follower)
        try group[3].node.step(Message(.vote, to: 3, from: 2, term: 9, logTerm: 9, index: 9))
        #expect(group[3].node.term == 1)
    }

    @Test func `a restart does not free a member from its promise`() throws {
        let group = try leased()
        group[3].crash(losesState: false)
        try group[3].restart(seed: 9)
        let vote = Message(.vote, to: 3, from: 2, term: 9, logTerm: 9, index: 9)
        try group[3].node.step(vote)
        #expect(group[3].node.term == 1)
        try group.tick(3, times: 10)
        try group[3].node.step(vote)
        #expect(group[3].node.term == 9)
    }

    @Test func `a transfer ends the lease for the term`() throws {
        let group = try leased()
        group.cut = [2]
        try group[1].node.transferLeadership(to: 2)
        for _ in 0..<11 {
            try group.tick(1)
            try group.settle()
        }
        #expect(group[1].node.role == .leader)
        group.cut = [2, 3]
        try group[1].node.readIndex([1])
        try group.work(1)
        #expect(group.reads[1, default: []].isEmpty)
    }
}
