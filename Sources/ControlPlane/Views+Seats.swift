// Seats for readers: changes that were voted, and what a proposal would do to them.

import Governance
import Primitives

extension Views {
    /// Changes of seats that were voted and wait for the cluster to carry them out.
    public func openSeatDecisions() -> [SeatDecision] { SeatRules.open(in: state) }

    /// What a change of seats would do, with the decision that it would take back.
    func describe(_ change: MembershipChange) -> [JSON.Member] {
        let awaited = SeatRules.awaited(in: state).map { SeatRules.name($0.id) }
        let leaving = change.remove.filter { !awaited.contains($0) }
        var members = [
            JSON.Member("adds", .array(change.add.map { .string($0.name) })),
            JSON.Member("removes", .array(leaving.map { .string($0) })),
        ]
        let withdrawn = change.remove.filter(awaited.contains)
        if let open = openSeatDecisions().first, !withdrawn.isEmpty {
            members += [
                JSON.Member("takes_back_proposal", .int(open.proposal)),
                JSON.Member("no_longer_awaited", .array(withdrawn.map { .string($0) })),
                JSON.Member(
                    "stays_after_all", .array(open.remove.map { .string(SeatRules.name($0)) })),
            ]
        }
        return members
    }
}
