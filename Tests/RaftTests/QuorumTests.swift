import Primitives
import Testing

@testable import Raft

@Suite struct QuorumTests {
    @Test(arguments: UInt64(1)...200)
    func `the committed index is the one a majority has reached`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let voters = (0..<random.next(below: 9)).map { $0 + 1 }
        var known: [MemberID: LogIndex] = [:]
        for id in voters where random.next(below: 4) > 0 { known[id] = random.next(below: 6) }
        let majority = MajorityConfiguration(MemberSet(voters))
        let sorted = voters.map { known[$0] ?? 0 }.sorted(by: >)
        let expected = sorted.isEmpty ? LogIndex.max : sorted[voters.count / 2]
        #expect(majority.committedIndex { known[$0] } == expected)
    }

    @Test(arguments: UInt64(1)...200)
    func `a joint decision needs both halves`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        func half() -> MajorityConfiguration {
            MajorityConfiguration(MemberSet((0..<5).map { _ in 1 + random.next(below: 6) }))
        }
        let joint = JointConfiguration(incoming: half(), outgoing: half())
        var votes: [MemberID: Bool] = [:]
        for id in joint.voters where random.next(below: 3) > 0 {
            votes[id] = random.next(below: 2) == 0
        }
        let results = [joint.incoming, joint.outgoing].map { $0.voteResult { votes[$0] } }
        let expected: VoteResult =
            results.contains(.lost) ? .lost : results == [.won, .won] ? .won : .pending
        #expect(joint.voteResult { votes[$0] } == expected)
    }

    @Test func `even groups need more than half`() {
        let four = MajorityConfiguration(MemberSet([1, 2, 3, 4]))
        #expect(four.quorum == 3)
        #expect(four.voteResult { $0 <= 2 } == .lost)
        #expect(four.voteResult { $0 <= 2 ? true : nil } == .pending)
        #expect(four.voteResult { $0 <= 3 ? true : nil } == .won)
    }

    @Test func `a set keeps each member once, in order`() {
        var set = MemberSet([3, 1, 3, 2])
        #expect(set.ids == [1, 2, 3])
        set.remove(2)
        set.remove(9)
        #expect(set.ids == [1, 3])
        #expect(set.union(MemberSet([2, 3])).ids == [1, 2, 3])
    }
}
