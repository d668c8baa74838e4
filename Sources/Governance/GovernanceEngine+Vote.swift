// Voting. Each ballot moves the tally at once, so that closing a vote costs nothing; a holder who
// votes takes their share back from delegates who voted before, and keeps it from those who vote
// after.

public import Primitives

extension GovernanceEngine {
    /// Counts a vote, or a changed one where the track allows it.
    public func vote(
        _ vote: Vote, by voter: Address, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        guard var record = Self.proposal(vote.proposal, in: state) else {
            throw Refusal("proposal.unknown", "there is no proposal \(vote.proposal)")
        }
        let earlier = Self.ballot(of: voter, on: vote.proposal, in: state)
        try check(vote, earlier: earlier, record, at: moment, in: state)

        let passedBefore = try record.verdict().passes
        var events: [GovernanceEvent] = []
        var ballot: Ballot
        if let earlier {
            ballot = earlier
            try record.tally.take(try earlier.weight(), from: earlier.choice)
        } else {
            ballot = try newBallot(by: voter, record, in: state)
            events += try takeBack(from: voter, &record, in: state)
        }
        ballot.choice = vote.choice
        ballot.approvals = vote.approvals
        ballot.reason = vote.reason
        ballot.index = moment.index
        ballot.time = moment.time
        try record.tally.add(try ballot.weight(), to: vote.choice)
        GovernanceTables.ballots.set(
            GovernanceTables.key(record.number) + voter.bytes, to: ballot, in: state)
        let cast = GovernanceEvent.voted(
            proposal: record.number, voter: voter, choice: vote.choice, own: ballot.own,
            lent: ballot.lent, previous: earlier?.choice)
        events.insert(cast, at: 0)
        events += try afterVote(&record, passedBefore: passedBefore, at: moment, in: state)
        return events
    }

    // MARK: Whether it counts

    private func check(
        _ vote: Vote, earlier: Ballot?, _ record: ProposalRecord, at moment: LogMoment,
        in state: StateOverlay
    ) throws(Refusal) {
        guard vote.title == record.title else {
            throw Refusal(
                "vote.title", "the ballot names `\(vote.title)`, the proposal `\(record.title)`")
        }
        guard vote.effects == record.effectsDigest else {
            throw Refusal(
                "vote.effects", "the ballot's effects are not those of proposal \(record.number)")
        }
        guard vote.reason.utf8.count <= Vote.reasonLimit else {
            throw Refusal("vote.reason", "a reason has \(Vote.reasonLimit) bytes at most")
        }
        guard vote.choice != .veto || record.rules.tally.veto != nil else {
            throw Refusal("vote.no-veto", "the track \(record.rules.name) knows no veto")
        }
        try checkPhase(vote, earlier: earlier, record, at: moment)
        try checkApprovals(vote, record, in: state)
    }

    private func checkPhase(
        _ vote: Vote, earlier: Ballot?, _ record: ProposalRecord, at moment: LogMoment
    ) throws(Refusal) {
        switch record.status {
        case .submitted:
            throw Refusal("vote.not-open", "voting opens at \(record.opensAt)")
        case .voting, .confirming, .objection:
            guard moment.time <= record.deadline else {
                throw Refusal("vote.closed", "voting ended at \(record.deadline)")
            }
        default:
            throw Refusal("vote.closed", "proposal \(record.number) is \(record.status.word)")
        }
        if record.status == .objection {
            guard earlier == nil, vote.choice == .against || vote.choice == .veto else {
                throw Refusal(
                    "vote.objection",
                    "after a late swing only those who did not vote may object")
            }
        }
        guard earlier == nil || record.rules.changeVotes else {
            throw Refusal(
                "vote.already", "you voted, and \(record.rules.name) does not allow to change it")
        }
    }

    private func checkApprovals(
        _ vote: Vote, _ record: ProposalRecord, in state: StateOverlay
    ) throws(Refusal) {
        guard !vote.approvals.isEmpty else { return }
        guard case .fundingRound(let round) = Self.document(record.number, in: state)?.effects.first
        else { throw Refusal("vote.approvals", "only a funding round has projects to approve") }
        for (left, right) in zip(vote.approvals, vote.approvals.dropFirst()) where left >= right {
            throw Refusal("vote.approvals", "approved projects must ascend, each named once")
        }
        guard vote.approvals.allSatisfy({ Int($0) < round.projects.count }) else {
            throw Refusal("vote.approvals", "the round has \(round.projects.count) projects")
        }
    }

    // MARK: With how much

    private func newBallot(
        by voter: Address, _ record: ProposalRecord, in state: StateOverlay
    ) throws(Refusal) -> Ballot {
        let own = VotingPower.agedBalance(of: voter, at: record.snapshot, in: state)
        var lent = Amount.zero
        let lenders = VotingPower.lent(
            to: voter, for: record.kind, at: record.snapshot, in: state)
        for lender in lenders
        where Self.ballot(of: lender.holder, on: record.number, in: state) == nil {
            lent = try lent.adding(lender.amount)
        }
        guard !own.isZero || !lent.isZero else {
            throw Refusal(
                "vote.no-power",
                "\(voter) had no power at the end of entry \(record.snapshotIndex)"
                    + (record.rules.times.powerAge > 0 ? ", held long enough" : ""))
        }
        return Ballot(
            choice: .abstain, own: own, lent: lent, approvals: [], index: 0, time: .zero,
            reason: "")
    }

    /// Takes what `holder` lends back from delegates who have voted.
    private func takeBack(
        from holder: Address, _ record: inout ProposalRecord, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        let delegation = VotingPower.delegation(
            of: holder, for: record.kind, at: record.snapshot, in: state)
        guard let delegation else { return [] }
        let balance = VotingPower.agedBalance(of: holder, at: record.snapshot, in: state)
        var events: [GovernanceEvent] = []
        for share in delegation.shares {
            let amount = share.units(of: balance)
            guard !amount.isZero,
                var ballot = Self.ballot(of: share.delegate, on: record.number, in: state)
            else { continue }
            ballot.lent = try ballot.lent.subtracting(amount)
            try record.tally.take(amount, from: ballot.choice)
            GovernanceTables.ballots.set(
                GovernanceTables.key(record.number) + share.delegate.bytes, to: ballot, in: state)
            events.append(
                .overridden(
                    proposal: record.number, delegate: share.delegate, holder: holder,
                    amount: amount))
        }
        return events
    }

    // MARK: What follows

    private func afterVote(
        _ record: inout ProposalRecord, passedBefore: Bool, at moment: LogMoment,
        in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        let verdict = try record.verdict()
        if record.status == .confirming, !verdict.passes {
            // The tally had to hold without a break; it broke.
            return finish(&record, verdict: verdict, at: moment, in: state)
        }
        var events: [GovernanceEvent] = []
        if record.status == .voting {
            // The window is measured to the end as it stood when this vote came.
            let left = record.deadline.since(moment.time)
            if verdict.passes, !passedBefore, left < record.rules.times.swingWindow {
                record.swung = true
            }
            let extended = moment.time.advanced(by: record.rules.times.lateQuorumExtension)
            let reached = try record.rules.tally.isQuorumReached(
                record.tally, supply: record.supply)
            if reached, !record.quorumWasReached {
                record.quorumWasReached = true
                if extended > record.deadline {
                    record.deadline = extended
                    record.dueAt = extended.advanced(by: 1)
                    events.append(
                        .deadlineMoved(
                            proposal: record.number, deadline: extended, reason: .lateQuorum))
                }
            }
        }
        store(record, in: state)
        return events
    }
}
