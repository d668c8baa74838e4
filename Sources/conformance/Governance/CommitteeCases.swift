// Committees by approval: any committee that some tie-break leads to is right.

import Governance
import Primitives

enum CommitteeCases {
    static func check(_ item: JSON, _ document: JSON) throws(Refusal) {
        let candidates = try item.integer("numCandidates")
        let seats = try item.integer("committeeSize")
        guard (1...1_000).contains(candidates), (0...candidates).contains(seats) else {
            throw mismatch("\(seats) seats for \(candidates) candidates")
        }
        var approvals: [[Int]] = []
        for ballot in try item.items("approvals") {
            guard let approved = ballot.elements?.map({ $0.integer ?? -1 }),
                approved.allSatisfy((0..<candidates).contains)
            else { throw mismatch("a ballot names somebody who does not stand") }
            approvals.append(Set(approved).sorted())
        }
        let election = ApprovalCommittee(
            candidates: candidates, seats: seats, approvals: approvals)
        for rule in try item.field("expected").members ?? [] {
            let ours = try elect(rule.key, election)
            let allowed = try rule.value.items("allTiedCommittees").map {
                ($0.elements ?? []).compactMap(\.integer).sorted()
            }
            try expect(allowed.contains(ours), "\(rule.key): ours \(ours), allowed \(allowed)")
        }
    }

    private static func elect(_ rule: String, _ election: ApprovalCommittee) throws(Refusal)
        -> [Int]
    {
        let committee: [Int]? =
            switch rule {
            case "av": election.approvalVoting()
            case "pav": election.proportionalApproval()
            case "seqphragmen": election.sequentialPhragmen()
            case "maximin-support": election.maximinSupport()
            case "equal-shares": election.equalSharesThenPhragmen()
            case "equal-shares-with-av-completion": election.equalSharesThenApproval()
            case "equal-shares-with-increment-completion": election.equalSharesRaised()
            default: nil
            }
        guard let committee else { throw mismatch("the rule \(rule) is not known") }
        return committee
    }
}
