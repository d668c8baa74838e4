// What is to be seen of a vote beyond its tally: options and winners, the plan at each stage,
// hidden ballots, who holds how much of the power that voted, and what votes hold still.

import Governance
public import Primitives

extension Views {
    /// The members that every proposal has beside its outline.
    func voting(_ record: ProposalRecord) -> [JSON.Member] {
        let names = GovernanceEngine.document(record.number, in: state)?.optionNames ?? []
        let plans = record.plans.map { plan -> JSON in
            [
                "stage": .string(plan.stage), "index": .int(plan.index),
                "digest": .string(plan.digest.hex),
            ]
        }
        return [
            JSON.Member("system", .string(record.rules.system.word)),
            JSON.Member("options", .array(names.map { .string($0) })),
            JSON.Member(
                "winners",
                .array(
                    record.winners.filter { Int($0) < names.count }
                        .map { .string(names[Int($0)]) })),
            JSON.Member("turnout", turnout(record)),
            JSON.Member("snapshot_index", .int(record.snapshotIndex)),
            JSON.Member("expedited", .bool(record.isExpedited)),
            JSON.Member("hidden", .bool(record.rules.hidden != nil)),
            JSON.Member("committed", .int(record.committed)),
            JSON.Member("held_up_milliseconds", .int(record.heldUp)),
            JSON.Member("decided_at", .string(record.decidedAt?.description ?? "")),
            JSON.Member("resubmission_of", record.resubmissionOf.map { .int($0) } ?? .null),
            JSON.Member("plans", .array(plans)),
            JSON.Member("plan_drifted", .bool(Set(record.plans.map(\.digest)).count > 1)),
        ]
    }

    /// Tokens by choice, which differ from the votes where votes are weighted.
    private func turnout(_ record: ProposalRecord) -> JSON {
        .object(
            Choice.allCases.map { choice in
                JSON.Member(choice.word, .amount(record.turnout[choice]))
            })
    }

    /// Who cast the most power on a proposal, and how much of it was lent: the few who decide.
    public func concentration(on number: UInt64, most: Int = 5) -> JSON {
        let ballots = GovernanceEngine.ballots(on: number, in: state).map { voter, ballot in
            (voter: voter, own: ballot.own, lent: ballot.lent)
        }
        let cast = ballots.reduce(UInt128(0)) { $0 + $1.own.units + $1.lent.units }
        let lent = ballots.reduce(UInt128(0)) { $0 + $1.lent.units }
        let largest = ballots.sorted { left, right in
            let (first, second) = (
                left.own.units + left.lent.units, right.own.units + right.lent.units
            )
            return first == second ? left.voter < right.voter : first > second
        }
        // The fewest voters who together cast more than half.
        var sum: UInt128 = 0
        let half = largest.firstIndex { ballot in
            sum += ballot.own.units + ballot.lent.units
            return sum > cast / 2
        }
        return [
            "voters": .int(ballots.count), "cast": .amount(Amount(cast)),
            "lent": .amount(Amount(lent)), "fewest_for_half": .int(half.map { $0 + 1 } ?? 0),
            "largest": .array(
                largest.prefix(most).map {
                    [
                        "voter": .string($0.voter.hex), "own": .amount($0.own),
                        "lent": .amount($0.lent),
                    ]
                }),
        ]
    }

    /// What votes hold still of an account's tokens at `time`.
    public func locked(_ account: Address, at time: Timestamp) -> JSON {
        guard let lock = VoteLocks.locked(account, at: time, in: state) else {
            return ["amount": .amount(.zero), "until": .string("")]
        }
        return [
            "amount": .amount(lock.amount), "until": .string(lock.until?.description ?? ""),
        ]
    }
}
