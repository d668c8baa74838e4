// Changing who takes part.

import Primitives

extension RaftCore {
    private var changer: ConfigurationChanger {
        ConfigurationChanger(
            configuration: tracker.configuration, progress: tracker.progress,
            lastIndex: log.lastIndex, inflights: tracker.newInflights())
    }

    /// Decides whether a proposed change may enter the log at `index`; if not, an empty entry
    /// takes its place, so that the proposer learns the outcome in order.
    ///
    /// The check is sound: while a change may be unapplied none is taken, so the active
    /// configuration is the one that this change will meet, and it is tried on it.
    mutating func admitConfigurationChange(
        _ entry: Entry, at index: LogIndex
    ) throws(Refusal) -> Bool {
        let change = try entry.configurationChange() ?? ConfigurationChange()
        if options.validatesConfigurationChanges, let reason = reasonToRefuse(change) {
            trace(.configurationChangeRefused(entry, tracker.configuration, reason))
            return false
        }
        pendingConfigurationIndex = index
        if options.removalPolicy == .handOver, options.flaw != .removedLeaderStays,
            try removesThisMember(change)
        {
            farewellIndex = index
        }
        return true
    }

    private func removesThisMember(_ change: ConfigurationChange) throws(Refusal) -> Bool {
        try !changer.apply(change).configuration.voters.contains(id)
    }

    private func reasonToRefuse(_ change: ConfigurationChange) -> TraceEvent.ChangeRefusal? {
        let mayOverlap =
            options.flaw == .admitsOverlappingChanges
            || options.flaw == .leavesJointTwice && change.changes.isEmpty
        if pendingConfigurationIndex > log.applied, !mayOverlap {
            return .pending(index: pendingConfigurationIndex, applied: log.applied)
        }
        let leaves = change.changes.isEmpty
        if tracker.configuration.isJoint && !leaves { return .mustLeaveJoint }
        if !tracker.configuration.isJoint && leaves { return .notJoint }
        do throws(Refusal) {
            _ = try changer.apply(change)
            return nil
        } catch {
            return .inapplicable(code: error.code)
        }
    }

    /// Applies a committed change.
    mutating func applyConfigurationChange(
        _ change: ConfigurationChange
    ) throws(Refusal) -> ConfigurationState {
        try adopt(try changer.apply(change))
    }

    /// Takes the membership of a snapshot, in place of whatever was known.
    mutating func restoreConfiguration(_ state: ConfigurationState) throws(Refusal) {
        let empty = ConfigurationChanger(
            lastIndex: log.lastIndex, inflights: tracker.newInflights())
        try adopt(try empty.restoring(state))
    }

    @discardableResult
    private mutating func adopt(
        _ result: ConfigurationChanger.Result
    ) throws(Refusal) -> ConfigurationState {
        tracker.configuration = result.configuration
        tracker.progress = result.progress
        trace(.configurationSwitched(tracker.configuration))
        let state = tracker.configuration.state
        guard role == .leader else { return state }

        let isRemoved = tracker.progress[id].map { $0.isLearner } ?? true
        switch options.flaw == .removedLeaderStays ? .stay : options.removalPolicy {
        case .stay where isRemoved: return state
        case .stepDown where isRemoved:
            becomeFollower(term: term, leader: ReservedMember.none)
            return state
        default: if isRemoved { retirementIndex = log.committed }
        }
        let hasAdvanced = try advanceCommit()
        if hasAdvanced { try releaseReadsAfterFirstCommit() }
        if hasAdvanced || isRemoved {
            try broadcastAppend()
        } else {
            // New members need not wait for the next heartbeat.
            for place in 0..<tracker.progress.count where tracker.progress.ids[place] != id {
                try sendAppend(place: place, evenIfEmpty: false)
            }
        }
        answerConfirmedReads()
        if transferTarget != ReservedMember.none,
            !tracker.configuration.voters.contains(transferTarget)
        {
            transferTarget = ReservedMember.none
        }
        return state
    }

    /// Steps down as a removed leader once that can do no harm.
    ///
    /// A member follows a new configuration only when it knows it to be committed. Until then it
    /// needs votes of the old one to win, this member's among them. So this member leads on until
    /// a quorum of the new configuration knows; and since nothing was appended after its removal,
    /// no candidate's log is shorter than its own.
    mutating func retireIfDue() throws(Refusal) {
        guard role == .leader, retirementIndex > 0 else { return }
        let voters = tracker.configuration.voters
        let known = voters.committedIndex { id in
            tracker.progress.position(of: id).map { tracker.progress.values[$0].knownCommit }
        }
        let last = log.lastIndex
        let successor = voters.voters.first { id in tracker.progress[id]?.match == last }
        guard known >= retirementIndex, let successor else { return }
        trace(.timeoutNowSent(to: successor, isImmediate: false))
        sendTimeoutNow(to: successor)
        becomeFollower(term: term, leader: ReservedMember.none)
    }

    /// Proposes to leave a joint configuration that is to be left by itself, once everything
    /// before is applied.
    ///
    /// The proposal is empty, so no size limit can stop it; a transfer of leadership can, and then
    /// the next applied entry, or the next leader, tries again.
    mutating func leaveJointIfDue() throws(Refusal) {
        let isSettled =
            log.applied >= pendingConfigurationIndex || options.flaw == .leavesJointTwice
        guard tracker.configuration.autoLeave, isSettled, role == .leader else { return }
        let configuration = tracker.configuration
        do throws(Refusal) {
            try takeProposal(
                Message(.propose, from: id, entries: [Entry(kind: .configurationChange)]))
            trace(.autoLeaveStarted(configuration))
        } catch {
            guard error.code == "raft.proposal-dropped" else { throw error }
            trace(.autoLeaveDropped(configuration))
        }
    }
}
