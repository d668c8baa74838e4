// Voting. Each ballot moves the tally at once, so that closing a vote costs nothing; a holder who
// votes takes their share back from delegates who voted before, and keeps it from those who vote
// after.

public import Primitives

extension GovernanceEngine {
    /// A delegate who votes with this share of the supply is a fact that everybody should know.
    static let concentrationShare = Fraction.percent(10)

    /// Counts a vote, or a changed one where the track allows it.
    public func vote(
        _ vote: Vote, by voter: Address, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        guard let record = Self.proposal(vote.proposal, in: state) else {
            throw Refusal("proposal.unknown", "there is no proposal \(vote.proposal)")
        }
        guard record.rules.hidden == nil else {
            throw Refusal(
                "vote.hidden",
                "ballots on \(record.rules.name) are hidden: commit now, reveal after voting ended")
        }
        let earlier = Self.ballot(of: voter, on: vote.proposal, in: state)
        try check(vote, record)
        try checkPhase(vote.statement, earlier: earlier, record, at: moment)
        return try count(vote, by: voter, earlier: earlier, record, at: moment, in: state)
    }

    /// Counts a ballot that may be cast: takes an earlier one out, puts this one in.
    func count(
        _ vote: Vote, by voter: Address, earlier: Ballot?, _ proposal: ProposalRecord,
        at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        var record = proposal
        let preference = try preference(of: vote.statement, record, in: state)
        let passedBefore = try record.passes(at: moment.time)
        var events: [GovernanceEvent] = []
        var ballot: Ballot
        if let earlier {
            ballot = earlier
            try record.take(earlier)
        } else {
            ballot = try newBallot(by: voter, record, in: state)
            events += try takeBack(from: voter, &record, in: state)
        }
        ballot.sides = vote.statement.sides
        ballot.conviction = vote.statement.conviction
        ballot.preference = preference
        ballot.reason = vote.reason
        ballot.index = moment.index
        ballot.time = moment.time
        try checkHolds(ballot, voter, at: moment, in: state)
        try record.add(ballot)
        GovernanceTables.ballots.set(
            GovernanceTables.key(record.number) + voter.bytes, to: ballot, in: state)
        VoteLocks.note(ballot, of: voter, on: record, in: state)
        let cast = GovernanceEvent.voted(
            proposal: record.number, voter: voter, choice: vote.statement.words, own: ballot.own,
            lent: ballot.lent, previous: earlier?.choice)
        events.insert(cast, at: 0)
        let power = try ballot.weight()
        if earlier == nil, !ballot.lent.isZero,
            Self.concentrationShare.isReached(by: power, of: record.supply)
        {
            events.append(.concentrated(delegate: voter, power: power, supply: record.supply))
        }
        events += try afterVote(&record, passedBefore: passedBefore, at: moment, in: state)
        return events
    }

    // MARK: Whether it counts

    /// What holds for open and for hidden ballots: title, effects, length, veto, conviction.
    func check(_ vote: Vote, _ record: ProposalRecord) throws(Refusal) {
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
        try vote.statement.check()
        let sides = vote.statement.sides
        guard record.rules.tally.veto != nil || !sides.contains(where: { $0.choice == .veto })
        else { throw Refusal("vote.no-veto", "the track \(record.rules.name) knows no veto") }
        guard sides.count == 1 || record.rules.system != .quadratic else {
            throw Refusal("vote.split", "a square root cannot be split: name one choice")
        }
        guard vote.statement.conviction == nil || record.rules.system == .conviction else {
            throw Refusal(
                "vote.conviction", "the track \(record.rules.name) does not weigh by conviction")
        }
    }

    private func checkPhase(
        _ statement: Statement, earlier: Ballot?, _ record: ProposalRecord, at moment: LogMoment
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
            let objects = statement.sides.allSatisfy { $0.choice == .against || $0.choice == .veto }
            guard earlier == nil, objects else {
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

    /// The options a statement names, by position; refuses what the proposal does not offer
    /// (`vote.preference`).
    func preference(
        of statement: Statement, _ record: ProposalRecord, in state: any StateReader
    ) throws(Refusal) -> Preference<UInt16>? {
        guard let preference = statement.preference else { return nil }
        let names = Self.document(record.number, in: state)?.optionNames ?? []
        let system = record.rules.system
        guard !names.isEmpty, let word = system.preferenceWord else {
            throw Refusal("vote.preference", "proposal \(record.number) offers no options")
        }
        guard preference.word == word else {
            throw Refusal(
                "vote.preference",
                "under `\(system.word)` a ballot says `\(word)`, not `\(preference.word)`")
        }
        return try preference.map { (name) throws(Refusal) in
            guard let position = names.firstIndex(of: name) else {
                throw Refusal(
                    "vote.preference",
                    "there is no option `\(name)`; there are \(names.joined(separator: ", "))")
            }
            return UInt16(truncatingIfNeeded: position)
        }
    }

    // MARK: With how much

    func newBallot(
        by voter: Address, _ record: ProposalRecord, in state: StateOverlay
    ) throws(Refusal) -> Ballot {
        let own = VotingPower.agedBalance(of: voter, at: record.snapshot, in: state)
        var lent = Amount.zero
        if record.rules.system == .quadratic {
            // The square root is of what a person has; others' tokens make nobody a larger person.
            try Identities.check(voter, source: record.rules.identity, in: state)
        } else {
            let lenders = VotingPower.lent(
                to: voter, for: record.kind, at: record.snapshot, in: state)
            for lender in lenders
            where Self.ballot(of: lender.holder, on: record.number, in: state) == nil {
                lent = try lent.adding(lender.amount)
            }
        }
        guard !own.isZero || !lent.isZero else {
            throw Refusal(
                "vote.no-power",
                "\(voter) had no power at the end of entry \(record.snapshotIndex)"
                    + (record.rules.times.powerAge > 0 ? ", held long enough" : ""))
        }
        return Ballot(
            sides: [], own: own, lent: lent, conviction: nil, preference: nil, index: 0,
            time: .zero, reason: "")
    }

    /// What is locked must still be there: power is read at the snapshot, tokens are locked now.
    private func checkHolds(
        _ ballot: Ballot, _ voter: Address, at moment: LogMoment, in state: StateOverlay
    ) throws(Refusal) {
        guard let level = ballot.conviction, level > 0 else { return }
        let balance = VotingPower.balance(of: voter, at: moment.index, in: state)
        guard balance >= ballot.own else {
            throw Refusal(
                "vote.conviction",
                "\(ballot.own) voted at the snapshot, \(balance) are left to lock")
        }
    }

    /// Takes what `holder` lends back from delegates who have voted.
    private func takeBack(
        from holder: Address, _ record: inout ProposalRecord, in state: StateOverlay
    ) throws(Refusal) -> [GovernanceEvent] {
        let delegation = VotingPower.delegation(
            of: holder, for: record.kind, at: record.snapshot, in: state)
        guard let delegation, record.rules.system != .quadratic else { return [] }
        let balance = VotingPower.agedBalance(of: holder, at: record.snapshot, in: state)
        var events: [GovernanceEvent] = []
        for share in delegation.shares {
            let amount = share.units(of: balance)
            guard !amount.isZero,
                var ballot = Self.ballot(of: share.delegate, on: record.number, in: state)
            else { continue }
            try record.take(ballot)
            ballot.lent = try ballot.lent.subtracting(amount)
            try record.add(ballot)
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
        if record.rules.curves != nil {
            return try followCurves(&record, at: moment, in: state)
        }
        let passes = try record.passes()
        if record.status == .confirming, !passes {
            // The tally had to hold without a break; it broke.
            return finish(&record, verdict: try record.verdict(), at: moment, in: state)
        }
        var events: [GovernanceEvent] = []
        if record.status == .voting {
            noteSwing(&record, passes: passes, passedBefore: passedBefore, at: moment)
            events += try extendForQuorum(&record, at: moment)
        }
        store(record, in: state)
        return events
    }

    /// The window is measured to the end as it stood when this vote came.
    private func noteSwing(
        _ record: inout ProposalRecord, passes: Bool, passedBefore: Bool,
        at moment: LogMoment
    ) {
        let left = record.deadline.since(moment.time)
        if passes, !passedBefore, left < record.rules.times.swingWindow {
            record.swung = true
        }
    }

    private func extendForQuorum(
        _ record: inout ProposalRecord, at moment: LogMoment
    ) throws(Refusal) -> [GovernanceEvent] {
        guard !record.quorumWasReached else { return [] }
        let base = record.rules.tally.quorumBase == .supply ? record.supply : record.quorumBase
        guard try record.rules.tally.isQuorumReached(record.turnout, supply: base) else {
            return []
        }
        record.quorumWasReached = true
        let extended = moment.time.advanced(by: record.rules.times.lateQuorumExtension)
        guard extended > record.deadline else { return [] }
        record.deadline = extended
        record.dueAt = extended.advanced(by: 1)
        return [
            .deadlineMoved(proposal: record.number, deadline: extended, reason: .lateQuorum)
        ]
    }
}
