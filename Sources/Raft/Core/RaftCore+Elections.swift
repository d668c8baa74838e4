// Standing for election, and voting.

import Primitives

/// Why a member stands.
enum CampaignKind {
    /// To learn whether an election could be won.
    case preElection
    /// To be elected.
    case election
    /// To be elected at the leader's wish.
    case transfer
}

extension RaftCore {
    /// Stands for election because the time is up, or at the caller's wish.
    mutating func standForElection(isDue: Bool) throws(Refusal) {
        // Standing early would break the promise that another's lease rests on.
        if options.readOption == .leaseBased, !isDue, role != .leader, isInLease {
            trace(.campaignIgnoredInLease)
            return
        }
        try hangUp(options.preVote ? .preElection : .election)
    }

    /// Stands for election, if that is allowed now.
    mutating func hangUp(_ kind: CampaignKind) throws(Refusal) {
        guard role != .leader else {
            trace(.campaignIgnoredAsLeader)
            return
        }
        guard isPromotable else {
            trace(.unpromotable)
            return
        }
        guard try !hasUnappliedConfigurationChange() else {
            trace(.campaignBlockedByConfigurationChange(term: term))
            return
        }
        trace(.campaignStarted(term: term))
        try campaign(kind)
    }

    /// Whether a committed configuration change waits to be applied: quorums counted without it
    /// could elect a second leader.
    private mutating func hasUnappliedConfigurationChange() throws(Refusal) -> Bool {
        var low = log.applied + 1
        let high = log.committed + 1
        while low < high {
            let page: [Entry]
            do throws(Refusal) {
                page = try log.slice(
                    from: low, to: high, maximumBytes: options.maximumApplyingBytes)
            } catch {
                // Unreadable: who knows. Repaired first, then asked again.
                guard error.code == "log.damaged" else { throw error }
                refreshDamage()
                return true
            }
            guard !page.isEmpty else { return false }
            if page.contains(where: { $0.kind != .normal }) { return true }
            low += LogIndex(page.count)
        }
        return false
    }

    mutating func campaign(_ kind: CampaignKind) throws(Refusal) {
        let request: MessageKind
        let requestedTerm: Term
        if kind == .preElection {
            becomePreCandidate()
            request = .preVote
            requestedTerm = term + 1
        } else {
            becomeCandidate()
            request = .vote
            requestedTerm = term
        }
        let last = try log.lastPosition()
        for voter in tracker.configuration.voters.voters {
            if voter == id {
                // Its own vote counts once it is durable, as everyone's.
                send(Message(request.voteResponse, to: id, term: requestedTerm))
                continue
            }
            trace(.voteRequested(request, from: voter, last: last, term: term))
            var message = Message(
                request, to: voter, term: requestedTerm, logTerm: last.term, index: last.index)
            message.isTransfer = kind == .transfer
            send(message)
        }
    }

    /// Whether this member recently heard from a leader, and so refuses votes.
    var isInLease: Bool {
        options.checkQuorum && electionElapsed < options.electionTicks
            && (leader != ReservedMember.none || isInRestartGrace)
    }

    /// Votes, once per term, for a candidate whose log has everything this one may have
    /// committed.
    ///
    /// Learners vote too: a candidate may know better that this member has become a voter.
    mutating func answerVoteRequest(_ message: Message) throws(Refusal) {
        guard options.flaw != .learnersNeverVote || isPromotable else { return }
        let mayVote =
            vote == message.from || options.flaw == .votesTwice
            || (vote == ReservedMember.none && leader == ReservedMember.none)
            || (message.kind == .preVote && message.term > term)
        let candidateLast = LogPosition(term: message.logTerm, index: message.index)
        let request = try voteRequest(message)
        let isUpToDate = try log.isUpToDate(candidateLast) || isUpToDateFlawed(candidateLast)
        guard mayVote, isUpToDate else {
            trace(.voteRejected(request))
            try sendVoteRejection(message)
            return
        }
        trace(.voteCast(request))
        // The term asked for, not its own: to a pre-candidate the own one would look outdated.
        send(Message(message.kind.voteResponse, to: message.from, term: message.term))
        if message.kind == .vote {
            electionElapsed = 0
            vote = message.from
        }
    }

    /// Refuses a vote, and tells what is known to be committed.
    mutating func sendVoteRejection(_ message: Message) throws(Refusal) {
        var answer = Message(message.kind.voteResponse, to: message.from, term: term)
        answer.isRejected = true
        answer.knownCommit = log.committed
        answer.knownCommitTerm = try log.term(at: log.committed) ?? 0
        send(answer)
    }

    /// Learns from a refusal what is committed, whatever its term: where the logs have the same
    /// entry, they have the same before it.
    ///
    /// It matters where a change of membership is among it. A member whose vote is needed by the
    /// membership that this one remembers may have been voted out, never stand again, and have a
    /// longer log: it can only refuse.
    mutating func learnFromRefusal(_ message: Message) throws(Refusal) {
        guard options.learnsFromRefusals, message.isRefusedVote, role != .leader,
            message.knownCommit > log.committed, message.knownCommitTerm > 0,
            try log.matches(
                LogPosition(term: message.knownCommitTerm, index: message.knownCommit))
        else { return }
        try log.commit(to: message.knownCommit)
        // Not elected by a membership that is about to change.
        if role != .follower, try hasUnappliedConfigurationChange() {
            becomeFollower(term: term, leader: ReservedMember.none)
        }
    }

    func voteRequest(_ message: Message) throws(Refusal) -> TraceEvent.VoteRequest {
        TraceEvent.VoteRequest(
            kind: message.kind, candidate: message.from,
            candidateLast: LogPosition(term: message.logTerm, index: message.index),
            last: try log.lastPosition(), vote: vote, term: term)
    }
}
