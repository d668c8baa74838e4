// What followers and candidates do with messages.

import Primitives

extension RaftCore {
    mutating func stepAsFollower(_ message: Message) throws(Refusal) {
        switch message.kind {
        case .propose: try forwardProposal(message)
        case .append:
            hear(from: message.from)
            try handleAppend(message)
        case .heartbeat:
            hear(from: message.from)
            try handleHeartbeat(message)
        case .snapshot:
            hear(from: message.from)
            try handleSnapshot(message)
        case .transferLeader:
            guard leader != ReservedMember.none else {
                trace(.transferDroppedWithoutLeader(term: term))
                return
            }
            forwardToLeader(message)
        case .forgetLeader: forgetLeader()
        case .timeoutNow:
            trace(.timeoutNowReceived(from: message.from, term: term))
            // No pre-vote: the leader itself asked, so nothing is disturbed.
            try hangUp(.transfer)
        case .readIndex:
            guard leader != ReservedMember.none else {
                trace(.readDroppedWithoutLeader(term: term))
                throw Refusal("raft.no-leader", "no leader is known to confirm the read")
            }
            forwardToLeader(message)
        case .readIndexResponse:
            let index = options.flaw == .readsAtOwnCommit ? log.committed : message.index
            readStates.append(ReadState(index: index, context: message.context))
        default: break
        }
    }

    mutating func stepAsCandidate(_ message: Message) throws(Refusal) {
        let awaited: MessageKind = role == .preCandidate ? .preVoteResponse : .voteResponse
        switch message.kind {
        case .propose:
            trace(.proposalDroppedWithoutLeader(term: term))
            throw Refusal.proposalDropped("there is no leader")
        case .readIndex:
            trace(.readDroppedWithoutLeader(term: term))
            throw Refusal("raft.no-leader", "no leader is known to confirm the read")
        // A leader of this very term exists: the election is over.
        case .append:
            becomeFollower(term: message.term, leader: message.from)
            try handleAppend(message)
        case .heartbeat:
            becomeFollower(term: message.term, leader: message.from)
            try handleHeartbeat(message)
        case .snapshot:
            becomeFollower(term: message.term, leader: message.from)
            try handleSnapshot(message)
        case awaited: try countVote(message)
        case .timeoutNow:
            trace(.timeoutNowIgnored(from: message.from, term: term, role: role))
        default: break
        }
    }

    private mutating func countVote(_ message: Message) throws(Refusal) {
        trace(
            .voteReceived(
                message.kind, from: message.from, isGranted: !message.isRejected, term: term))
        tracker.recordVote(of: message.from, isGranted: !message.isRejected)
        let tally = tracker.tally()
        trace(.votesCounted(message.kind, granted: tally.granted, rejected: tally.rejected))
        switch options.flaw == .electsByHalf ? flawedResult(tally) : tally.result {
        case .pending: break
        case .won where role == .preCandidate: try campaign(.election)
        case .won where options.awaitsOwnVote && isOwnVoteMissing: break
        case .won:
            try becomeLeader()
            try broadcastAppend()
        case .lost: becomeFollower(term: term, leader: ReservedMember.none)
        }
    }

    private var isOwnVoteMissing: Bool {
        tracker.configuration.voters.contains(id) && !tracker.hasVote(of: id)
            && options.flaw != .leadsBeforeOwnVote
    }

    private mutating func hear(from sender: MemberID) {
        electionElapsed = 0
        leader = sender
    }

    private mutating func forwardProposal(_ message: Message) throws(Refusal) {
        guard leader != ReservedMember.none else {
            trace(.proposalDroppedWithoutLeader(term: term))
            throw Refusal.proposalDropped("there is no leader")
        }
        guard options.forwardsProposals else {
            trace(.proposalNotForwarded(leader: leader, term: term))
            throw Refusal.proposalDropped("member \(leader) leads")
        }
        forwardToLeader(message)
    }

    private mutating func forwardToLeader(_ message: Message) {
        var forwarded = message
        forwarded.to = leader
        send(forwarded)
    }

    private mutating func forgetLeader() {
        guard options.readOption != .leaseBased else {
            trace(.forgetLeaderRefusedByLease)
            return
        }
        guard leader != ReservedMember.none else { return }
        trace(.leaderForgotten(leader, term: term))
        leader = ReservedMember.none
    }
}

// MARK: From the leader

extension RaftCore {
    private mutating func handleAppend(_ message: Message) throws(Refusal) {
        let previous = LogPosition(term: message.logTerm, index: message.index)
        if try appendFlawed(message) { return }
        if previous.index < log.committed {
            send(Message(.appendResponse, to: message.from, index: log.committed))
            return
        }
        // No answer is given before the damage is understood: whatever it says could promise, or
        // deny, what cannot be read.
        guard !mayNotAcknowledge || options.flaw == .acknowledgesPastDamage else { return }
        // What is condemned counts as gone.
        let end = min(log.lastIndex, (damage.condemnedFrom ?? .max) - 1)
        if previous.index <= end,
            let matched = try log.append(
                message.entries, after: previous, leaderCommit: message.commit,
                replacingFrom: options.flaw == .truncatesOnEveryAppend
                    ? previous.index + 1 : damage.condemnedFrom)
        {
            if damage.condemnedFrom != nil { refreshDamage() }
            send(Message(.appendResponse, to: message.from, index: matched))
            return
        }
        let ownTerm = try log.term(at: previous.index) ?? 0
        trace(.appendRejected(at: previous, ownTerm: ownTerm, from: message.from))
        // The furthest place where the logs may match: everything of a higher term than the
        // leader's at that place cannot, so a whole diverging tail is skipped at once.
        let hint = try log.findConflict(
            before: min(previous.index, end), term: previous.term)
        var answer = Message(
            .appendResponse, to: message.from, logTerm: hint.term, index: previous.index)
        answer.isRejected = true
        answer.rejectHint = hint.index
        send(answer)
    }

    private mutating func handleHeartbeat(_ message: Message) throws(Refusal) {
        try log.commit(to: message.commit)
        var answer = Message(.heartbeatResponse, to: message.from)
        answer.readPosition = message.readPosition
        answer.leaderTick = message.leaderTick
        send(answer)
    }

    /// Takes a snapshot, but not under the feet of the apply task: entries that are still being
    /// applied may change the membership, which the snapshot would already have replaced.
    mutating func handleSnapshot(_ message: Message) throws(Refusal) {
        guard let snapshot = message.snapshot else { return }
        guard log.applying == log.applied else {
            deferredSnapshot = message
            return
        }
        let isTaken = try restore(snapshot)
        trace(.snapshotAnswered(snapshot.position, isTaken: isTaken, commit: log.committed))
        send(Message(.appendResponse, to: message.from, index: log.committed))
    }

    /// Replaces log and membership by a snapshot, or where the log begins; false when it brings
    /// nothing or is not for this member.
    mutating func restore(_ snapshot: Snapshot) throws(Refusal) -> Bool {
        let use = try use(of: snapshot)
        guard use != .none else { return false }
        guard role == .follower else {
            trace(.snapshotRefusedByRole(role))
            becomeFollower(term: term + 1, leader: ReservedMember.none)
            return false
        }
        guard snapshot.configuration.contains(id) else {
            trace(.snapshotRefusedAsMember(snapshot.configuration))
            return false
        }
        switch use {
        case .none: return false
        case .commits:
            let last = try log.lastPosition()
            trace(
                .snapshotFastForwarded(snapshot.position, commit: log.committed, last: last))
            try log.commit(to: snapshot.index)
            return false
        case .replacesBeginning:
            log.replaceBeginning(by: snapshot)
            refreshDamage()
        case .replacesLog:
            log.restore(snapshot)
            damage.condemnedFrom = nil
        }
        if options.flaw != .snapshotKeepsOldMembership {
            try restoreConfiguration(snapshot.configuration)
        }
        let last = try log.lastPosition()
        trace(.snapshotRestored(snapshot.position, commit: log.committed, last: last))
        return true
    }
}

extension Refusal {
    /// A proposal was not taken; the proposer may try again, here or elsewhere.
    static func proposalDropped(_ why: String) -> Refusal {
        Refusal("raft.proposal-dropped", "the proposal was dropped: \(why)")
    }
}
