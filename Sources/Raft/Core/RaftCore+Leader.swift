// What a leader does with messages.

import Primitives

extension RaftCore {
    mutating func stepAsLeader(_ message: Message) throws(Refusal) {
        switch message.kind {
        case .beat: broadcastHeartbeat()
        case .checkQuorum: checkQuorum()
        case .propose: try takeProposal(message)
        case .readIndex: try takeRead(message)
        case .appendResponse, .heartbeatResponse, .snapshotStatus, .unreachable,
            .transferLeader:
            guard let place = tracker.progress.position(of: message.from) else {
                trace(.progressUnknown(message.from))
                return
            }
            try stepAsLeader(message, place: place)
        default: break
        }
    }

    private mutating func stepAsLeader(_ message: Message, place: Int) throws(Refusal) {
        switch message.kind {
        case .appendResponse:
            tracker.progress.values[place].isRecentlyActive = true
            noteCommit(message, place: place)
            if message.isRejected {
                try handleRejection(message, place: place)
            } else {
                try handleAcknowledgement(message, place: place)
            }
        case .heartbeatResponse:
            noteCommit(message, place: place)
            try handleHeartbeatResponse(message, place: place)
        case .snapshotStatus: handleSnapshotStatus(message, place: place)
        case .unreachable:
            // Whatever was under way to it is probably lost.
            if tracker.progress.values[place].state == .replicate {
                tracker.progress.values[place].becomeProbe()
            }
            trace(.unreachable(message.from, tracker.progress.values[place]))
        case .transferLeader: try transferLeadership(to: message.from, place: place)
        default: break
        }
        try retireIfDue()
    }

    private mutating func noteCommit(_ message: Message, place: Int) {
        let known = tracker.progress.values[place].knownCommit
        tracker.progress.values[place].knownCommit = max(known, message.knownCommit)
    }

    /// Steps down when no quorum was heard from since the last check.
    mutating func checkQuorum() {
        if let place = tracker.progress.position(of: id) {
            tracker.progress.values[place].isRecentlyActive = true
        }
        if !tracker.isQuorumActive {
            trace(.quorumLost)
            becomeFollower(term: term, leader: ReservedMember.none)
        }
        for place in 0..<tracker.progress.count where tracker.progress.ids[place] != id {
            tracker.progress.values[place].isRecentlyActive = false
        }
    }

    private mutating func handleRejection(_ message: Message, place: Int) throws(Refusal) {
        let hint = LogPosition(term: message.logTerm, index: message.rejectHint)
        trace(.rejectionReceived(from: message.from, index: message.index, hint: hint))
        var candidate = hint.index
        if hint.term > 0 {
            // The follower has `hint.term` there, and terms only grow along a log: nothing of a
            // higher term in this log up to there can match.
            candidate = try log.findConflict(before: hint.index, term: hint.term).index
        }
        guard
            tracker.progress.values[place].retreat(rejected: message.index, hint: candidate)
        else { return }
        trace(.progressDecreased(message.from, tracker.progress.values[place]))
        if tracker.progress.values[place].state == .replicate {
            tracker.progress.values[place].becomeProbe()
        }
        try sendAppend(place: place, evenIfEmpty: true)
    }

    private mutating func handleAcknowledgement(_ message: Message, place: Int) throws(Refusal) {
        let isProbeAnswered =
            tracker.progress.values[place].match == message.index
            && tracker.progress.values[place].state == .probe
        guard message.index <= log.lastIndex else {
            throw Refusal(
                "raft.malformed-message",
                "member \(message.from) acknowledges entry \(message.index), past the end")
        }
        guard
            tracker.progress.values[place].acknowledge(message.index) || isProbeAnswered
        else { return }
        noteMatch(message, place: place)
        if try advanceCommit() {
            try releaseReadsAfterFirstCommit()
            try broadcastAppend()
        } else if message.from != id,
            tracker.progress.values[place].canAdvanceCommit(to: log.committed)
        {
            try sendAppend(place: place, evenIfEmpty: true)
        }
        guard message.from != id else { return }
        // The window moved: fill it.
        while try sendAppend(place: place, evenIfEmpty: false) {}
        if message.from == transferTarget,
            tracker.progress.values[place].match == log.lastIndex
        {
            trace(.timeoutNowSent(to: message.from, isImmediate: false))
            sendTimeoutNow(to: message.from)
        }
    }

    private mutating func noteMatch(_ message: Message, place: Int) {
        switch tracker.progress.values[place].state {
        case .probe: tracker.progress.values[place].becomeReplicate()
        // Whichever snapshot it took, the log here reaches on from it.
        case .snapshot where tracker.progress.values[place].match + 1 >= log.firstIndex:
            trace(.snapshotCaughtUp(message.from, tracker.progress.values[place]))
            tracker.progress.values[place].becomeProbe()
            tracker.progress.values[place].becomeReplicate()
        case .snapshot: break
        case .replicate:
            guard options.flaw != .keepsWindowFull else { return }
            tracker.progress.values[place].freeInflights(through: message.index)
        }
    }

    private mutating func handleHeartbeatResponse(
        _ message: Message, place: Int
    ) throws(Refusal) {
        tracker.progress.values[place].isRecentlyActive = true
        tracker.progress.values[place].isFlowPaused = false
        lease.answer(to: message.leaderTick, from: message.from)
        // To a follower whose window is full this sends an empty append, whose answer frees the
        // window if everything in it was lost; and it ends a probe that has nothing to send.
        if tracker.progress.values[place].match < log.lastIndex
            || tracker.progress.values[place].state == .probe
        {
            try sendAppend(place: place, evenIfEmpty: true)
        }
        if message.readPosition > 0 {
            let position =
                options.flaw == .mistakesReadAnswers ? reads.position : message.readPosition
            reads.acknowledge(position, by: message.from)
            answerConfirmedReads()
        }
    }

    private mutating func handleSnapshotStatus(_ message: Message, place: Int) {
        guard tracker.progress.values[place].state == .snapshot else { return }
        // Without the snapshot there is nothing to probe after.
        if message.isRejected { tracker.progress.values[place].pendingSnapshot = 0 }
        tracker.progress.values[place].becomeProbe()
        trace(
            .snapshotReported(
                message.from, isDelivered: !message.isRejected, tracker.progress.values[place]))
        // Delivered: its answer is on the way. Failed: not again before the next heartbeat.
        tracker.progress.values[place].isFlowPaused = true
    }

    private mutating func transferLeadership(to target: MemberID, place: Int) throws(Refusal) {
        guard !tracker.progress.values[place].isLearner else {
            trace(.transferToLearnerIgnored)
            return
        }
        if transferTarget != ReservedMember.none {
            guard transferTarget != target else {
                trace(.transferAlreadyUnderWay(to: target, term: term))
                return
            }
            let aborted = transferTarget
            transferTarget = ReservedMember.none
            trace(.transferAborted(to: aborted, term: term))
        }
        guard target != id else {
            trace(.transferToSelfIgnored)
            return
        }
        trace(.transferStarted(to: target, term: term))
        // It has one election timeout to succeed.
        electionElapsed = 0
        transferTarget = target
        if tracker.progress.values[place].match == log.lastIndex {
            sendTimeoutNow(to: target)
            trace(.timeoutNowSent(to: target, isImmediate: true))
        } else {
            try sendAppend(place: place, evenIfEmpty: true)
        }
    }

    mutating func sendTimeoutNow(to target: MemberID) {
        hasSentTimeoutNow = true
        send(Message(.timeoutNow, to: target))
    }
}
