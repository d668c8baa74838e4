// The one door: every message passes the term check, then goes to the role it meets.

import Primitives

extension RaftCore {
    mutating func step(_ message: Message) throws(Refusal) {
        switch message.kind {
        // Not matters of a term: what they say holds in each, or names its own.
        case .repairRequest: return try answerRepair(message)
        case .repairResponse: return try takeRepair(message)
        default: break
        }
        // It may have promised in a term that it does not remember: to others it is silent.
        if !damage.isVoteCertain, options.flaw != .votesInDoubt,
            message.from != id, message.from != ReservedMember.none,
            !ReservedMember.isLocalThread(message.from)
        {
            return
        }
        try learnFromRefusal(message)
        if message.term > term {
            guard try acceptHigherTerm(message) else { return }
        } else if message.term != 0, message.term < term {
            try answerLowerTerm(message)
            return
        }
        switch message.kind {
        case .campaign: try standForElection(isDue: false)
        case .vote, .preVote: try answerVoteRequest(message)
        case .storageAppendResponse: try storageAppended(message)
        case .storageApplyResponse: try storageApplied(message)
        default:
            switch role {
            case .follower: try stepAsFollower(message)
            case .candidate, .preCandidate: try stepAsCandidate(message)
            case .leader: try stepAsLeader(message)
            }
        }
    }

    /// Moves to the message's term where it calls for that; false when it is to be ignored.
    private mutating func acceptHigherTerm(_ message: Message) throws(Refusal) -> Bool {
        let asksForVote = message.kind == .vote || message.kind == .preVote
        if asksForVote, !message.isTransfer, isInLease {
            let request = try voteRequest(message)
            let remaining = options.electionTicks - electionElapsed
            trace(.voteIgnoredInLease(request, remainingTicks: remaining))
            return false
        }
        switch message.kind {
        case .preVote: break
        // Granted for the term that was asked for, which is not anyone's yet.
        case .preVoteResponse where !message.isRejected: break
        default:
            trace(
                .higherTerm(
                    message.kind, from: message.from, messageTerm: message.term, term: term))
            let isFromLeader =
                message.kind == .append || message.kind == .heartbeat
                || message.kind == .snapshot
            becomeFollower(
                term: message.term, leader: isFromLeader ? message.from : ReservedMember.none)
        }
        return true
    }

    private mutating func answerLowerTerm(_ message: Message) throws(Refusal) {
        if try takeLateFlawed(message) { return }
        switch message.kind {
        case .heartbeat where options.checkQuorum || options.preVote || lacksWhatLeadersNeed,
            .append where options.checkQuorum || options.preVote || lacksWhatLeadersNeed:
            // The sender may be a leader that this member cannot depose by votes, since those
            // are refused in a lease, or it must not stand for want of its disk: an answer of the
            // higher term makes the sender step down, and frees a member whose term ran ahead.
            send(Message(.appendResponse, to: message.from))
        case .preVote,
            .vote where options.learnsFromRefusals:
            // Ignoring it could leave two members stuck, each waiting for the other; and whoever
            // stands in a lower term than another's, for ever, until it hears of that.
            let request = try voteRequest(message)
            trace(.voteRejected(request))
            try sendVoteRejection(message)
        case .storageAppendResponse:
            // In a later term the entries may have been replaced while they were written, so the
            // acknowledgement says nothing about those here now. A snapshot holds committed
            // state, which no term replaces.
            if message.index != 0 {
                trace(.staleStorageAppendIgnored(messageTerm: message.term, term: term))
            }
            if let snapshot = message.snapshot { try snapshotStored(snapshot) }
        default:
            trace(
                .lowerTermIgnored(
                    message.kind, from: message.from, messageTerm: message.term, term: term))
        }
    }
}

// MARK: Storage

extension RaftCore {
    private mutating func storageAppended(_ message: Message) throws(Refusal) {
        if message.index != 0 {
            log.unstable.stable(
                to: LogPosition(term: durableTerm(of: message), index: message.index))
        }
        if let snapshot = message.snapshot { try snapshotStored(snapshot) }
        if isImpaired { refreshDamage() }
    }

    private mutating func storageApplied(_ message: Message) throws(Refusal) {
        guard let last = message.entries.last else { return }
        try applied(to: last.index, bytes: message.entries.footprint)
        uncommittedBytes -= min(uncommittedBytes, message.entries.dataBytes)
        if let deferred = deferredSnapshot, log.applying == log.applied {
            deferredSnapshot = nil
            if role == .follower { try handleSnapshot(deferred) }
        }
    }

    private mutating func snapshotStored(_ snapshot: Snapshot) throws(Refusal) {
        log.unstable.stableSnapshot(to: snapshot.index)
        try applied(to: snapshot.index, bytes: 0)
    }

    private mutating func applied(to index: LogIndex, bytes: UInt64) throws(Refusal) {
        let applied = max(index, log.applied)
        try log.applied(to: applied, bytes: bytes)
        try leaveJointIfDue()
    }
}
