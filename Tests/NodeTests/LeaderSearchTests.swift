// Why there is no leader: one sentence for each cause.

import Primitives
import Testing

@testable import Node

@Suite struct LeaderSearchTests {
    private func search(
        voters: [UInt64] = [1, 2, 3], connected: Set<UInt64> = [2, 3],
        _ change: (inout LeaderSearch) -> Void = { _ in }
    ) -> String {
        var search = LeaderSearch(
            own: 1, voters: voters, connected: connected, term: 7, longestMilliseconds: 2000)
        change(&search)
        return search.reason
    }

    @Test func `too few are connected, and those that are not are named`() {
        #expect(
            search(connected: [])
                == "no leader: 1 of 3 members are connected and 2 are needed; members 2, 3 cannot"
                + " be reached")
        #expect(
            search(voters: [1, 2, 3, 4, 5], connected: [4])
                == "no leader: 2 of 5 members are connected and 3 are needed; members 2, 3, 5"
                + " cannot be reached")
    }

    @Test func `what the others say is passed on`() {
        let sentence = search(connected: []) {
            $0.faults = [
                2: Refusal("peer.wrong-epoch", "member 1 is in epoch 1, this one in 2"),
                3: Refusal("transport.unreachable", "connection refused"),
            ]
        }
        #expect(sentence.hasSuffix("(2: member 1 is in epoch 1, this one in 2)"))
    }

    @Test func `a later life of a seat is another member`() {
        let new = MemberLife(seat: 3, number: 1).id
        let sentence = search(voters: [1, 3], connected: [new])
        #expect(sentence.contains("member 3 cannot be reached"))
        let later = search(voters: [1, new], connected: [3])
        #expect(later.contains("member 3 in life 2 cannot be reached"))
    }

    @Test func `a majority of the membership that is being left is needed too`() {
        let sentence = search(voters: [1, 2], connected: [2]) { $0.outgoing = [1, 4, 5] }
        #expect(sentence.contains("1 of 3 members of the membership that is being left"))
    }

    @Test func `its own trouble is named`() {
        #expect(search { $0.isDiskFull = true }.contains("disk is full"))
        #expect(search { $0.isDiskStuck = true }.contains("disk is stuck"))
        #expect(search { $0.isImpaired = true }.contains("log lost entries"))
        #expect(search(voters: [2, 3, 4], connected: [2, 3, 4]).contains("has no vote yet"))
    }

    @Test func `otherwise an election is under way, or comes`() {
        #expect(search { $0.isStanding = true } == "no leader: an election is under way in term 7")
        #expect(search().hasSuffix("an election follows within 2000 ms"))
    }
}
