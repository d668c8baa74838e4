// Becoming follower, candidate and leader, and the ticks that drive it.

import Primitives

extension RaftCore {
    /// Clears what belongs to a term of leadership or candidacy.
    mutating func reset(term newTerm: Term) {
        if term != newTerm {
            term = newTerm
            vote = ReservedMember.none
        }
        leader = ReservedMember.none
        electionElapsed = 0
        heartbeatElapsed = 0
        drawElectionTimeout()
        transferTarget = ReservedMember.none
        if options.flaw != .keepsEarlierVotes { tracker.resetVotes() }
        let last = log.lastIndex
        for place in 0..<tracker.progress.count {
            tracker.progress.values[place] = Progress(
                match: tracker.progress.ids[place] == id ? last : 0, next: last + 1,
                inflights: tracker.newInflights(),
                isLearner: tracker.progress.values[place].isLearner)
        }
        pendingConfigurationIndex = 0
        farewellIndex = 0
        retirementIndex = 0
        uncommittedBytes = 0
        reads = ReadIndexQueue()
        lease = LeaderLease()
        readsBeforeFirstCommit = []
        hasSentTimeoutNow = false
        deferredSnapshot = nil
    }

    /// Draws from once to twice the election timeout, so that members seldom stand at once.
    private mutating func drawElectionTimeout() {
        let extra = randomness.next(below: UInt64(options.electionTicks))
        electionTimeout = options.electionTicks + Int(extra)
    }

    mutating func becomeFollower(term newTerm: Term, leader newLeader: MemberID) {
        reset(term: newTerm)
        leader = newLeader
        role = .follower
        trace(.becameFollower(term: term))
    }

    /// Asks around without touching term or vote.
    mutating func becomePreCandidate() {
        tracker.resetVotes()
        leader = ReservedMember.none
        role = .preCandidate
        trace(.becamePreCandidate(term: term))
    }

    mutating func becomeCandidate() {
        reset(term: term + 1)
        vote = id
        role = .candidate
        trace(.becameCandidate(term: term))
    }

    mutating func becomeLeader() throws(Refusal) {
        reset(term: term)
        leader = id
        role = .leader
        if let place = tracker.progress.position(of: id) {
            tracker.progress.values[place].becomeReplicate()
            tracker.progress.values[place].isRecentlyActive = true
        }
        // A change may hide anywhere in the tail taken over; reading it all could be long.
        let takesChangesAtOnce = options.flaw == .changesBeforeFirstCommit
        pendingConfigurationIndex = takesChangesAtOnce ? 0 : log.lastIndex
        // Only an entry of its own term lets a leader commit what came before.
        guard try appendProposals([Entry()]) else {
            throw log.invariant("the first entry of a term was refused")
        }
        trace(.becameLeader(term: term))
    }
}

// MARK: Ticks

extension RaftCore {
    mutating func tick() throws(Refusal) {
        tickRepair()
        switch role {
        case .leader: try tickAsLeader()
        case .follower, .candidate, .preCandidate: try tickTowardsElection()
        }
    }

    private mutating func tickTowardsElection() throws(Refusal) {
        electionElapsed += 1
        if electionElapsed >= options.electionTicks { isInRestartGrace = false }
        if isPromotable, electionElapsed >= electionTimeout {
            electionElapsed = 0
            try standForElection(isDue: true)
        }
    }

    private mutating func tickAsLeader() throws(Refusal) {
        heartbeatElapsed += 1
        electionElapsed += 1
        lease.tick()
        if electionElapsed >= options.electionTicks {
            electionElapsed = 0
            if options.checkQuorum { checkQuorum() }
            // A transfer that took this long has failed: take proposals again.
            if role == .leader { transferTarget = ReservedMember.none }
        }
        guard role == .leader, heartbeatElapsed >= options.heartbeatTicks else { return }
        heartbeatElapsed = 0
        broadcastHeartbeat()
    }
}
