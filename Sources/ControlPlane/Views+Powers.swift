// What an account can vote with on each vote that is open, and why it is that much.

import Governance
import Primitives

extension Views {
    /// The account's power on every open vote, newest first.
    func openPowers(of address: Address) -> JSON {
        let open = GovernanceEngine.proposals(limit: 10_000, in: state).filter {
            [.voting, .objection, .confirming, .revealing].contains($0.status)
        }
        return .array(open.reversed().map { power(of: address, on: $0) })
    }

    private func power(of address: Address, on record: ProposalRecord) -> JSON {
        let snapshot = record.snapshot
        let own = VotingPower.agedBalance(of: address, at: snapshot, in: state)
        let held = VotingPower.balance(of: address, at: snapshot.index, in: state)
        let now = VotingPower.balance(of: address, at: .max - 1, in: state)
        let ballot = GovernanceEngine.ballot(of: address, on: record.number, in: state)
        var lent = Amount.zero
        var reasons: [String] = []
        for lender in VotingPower.lent(to: address, for: record.kind, at: snapshot, in: state) {
            if GovernanceEngine.ballot(of: lender.holder, on: record.number, in: state) != nil {
                reasons.append("\(lender.holder) lends \(lender.amount), but votes themselves")
            } else {
                lent = (try? lent.adding(lender.amount)) ?? lent
                reasons.append("\(lender.holder) lends \(lender.amount)")
            }
        }
        if now > held { reasons.append("\(now) now, \(held) when voting opened: the rest is new") }
        if held > own {
            reasons.append("of \(held) only \(own) was held long enough before voting opened")
        }
        let delegation = VotingPower.delegation(
            of: address, for: record.kind, at: snapshot, in: state)
        for share in delegation?.shares ?? [] where !share.units(of: own).isZero {
            let taken = ballot == nil ? "until you vote yourself" : "but you voted yourself"
            reasons.append("\(share.units(of: own)) is lent to \(share.delegate), \(taken)")
        }
        return [
            "proposal": .int(record.number), "title": .string(record.title),
            "snapshot_index": .int(snapshot.index), "own": .amount(own), "lent": .amount(lent),
            "voted": ballot.map { .string($0.choice.word) } ?? .null,
            "reasons": .array(reasons.map { .string($0) }),
        ]
    }
}
