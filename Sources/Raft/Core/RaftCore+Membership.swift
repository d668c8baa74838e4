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
        return true
    }

    private func reasonToRefuse(_ change: ConfigurationChange) -> TraceEvent.ChangeRefusal? {
        if pendingConfigurationIndex > log.applied {
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

        if tracker.progress[id].map({ $0.isLearner }) ?? true {
            if options.stepDownOnRemoval {
                becomeFollower(term: term, leader: ReservedMember.none)
            }
            return state
        }
        if try advanceCommit() {
            try releaseReadsAfterFirstCommit()
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

    /// Proposes to leave a joint configuration that is to be left by itself, once everything
    /// before is applied.
    ///
    /// The proposal is empty, so no size limit can stop it; a transfer of leadership can, and then
    /// the next applied entry, or the next leader, tries again.
    mutating func leaveJointIfDue() throws(Refusal) {
        guard tracker.configuration.autoLeave, log.applied >= pendingConfigurationIndex,
            role == .leader
        else { return }
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
