// What etcd-io/raft logs where our core reports an event.

import Raft

/// The log line of an event at member `id`.
struct EtcdRaftLog {
    let id: MemberID

    private var own: String { hex(id) }
    private func hex(_ id: MemberID) -> String { EtcdRaftText.hexadecimal(id) }
    private func kind(_ kind: MessageKind) -> String { EtcdRaftText.kind(kind) }
    private func text(_ progress: Progress) -> String { EtcdRaftText.progress(progress) }
    private func text(_ configuration: GroupConfiguration) -> String {
        EtcdRaftText.configuration(configuration)
    }

    /// Level and text, or nil for events that etcd does not have.
    func line(for event: TraceEvent) -> String? {
        let text =
            election(event) ?? term(event) ?? replication(event) ?? log(event)
            ?? snapshot(event) ?? membership(event) ?? transfer(event)
        return text.map { "\(Self.level(event.severity)) \($0)" }
    }

    private static func level(_ severity: TraceSeverity) -> String {
        switch severity {
        case .debug: "DEBUG"
        case .info: "INFO"
        case .warning: "WARN"
        case .error: "ERROR"
        }
    }

    // MARK: Elections

    private func election(_ event: TraceEvent) -> String? {
        switch event {
        case .started(let voters, let term, let log, let last):
            "newRaft \(own) [peers: [\(voters.map(hex).joined(separator: ","))], term: \(term), "
                + "commit: \(log.committed), applied: \(log.applied), lastindex: \(last.index), "
                + "lastterm: \(last.term)]"
        case .becameFollower(let term): "\(own) became follower at term \(term)"
        case .becamePreCandidate(let term): "\(own) became pre-candidate at term \(term)"
        case .becameCandidate(let term): "\(own) became candidate at term \(term)"
        case .becameLeader(let term): "\(own) became leader at term \(term)"
        case .campaignStarted(let term): "\(own) is starting a new election at term \(term)"
        case .campaignIgnoredAsLeader: "\(own) ignoring MsgHup because already leader"
        case .unpromotable: "\(own) is unpromotable and can not campaign"
        case .campaignBlockedByConfigurationChange(let term):
            "\(own) cannot campaign at term \(term) since there are still pending configuration "
                + "changes to apply"
        case .voteRequested(let kind, let from, let last, let term):
            "\(own) [logterm: \(last.term), index: \(last.index)] sent \(self.kind(kind)) "
                + "request to \(hex(from)) at term \(term)"
        case .voteReceived(let kind, let from, let isGranted, let term):
            "\(own) received \(self.kind(kind))\(isGranted ? "" : " rejection") "
                + "from \(hex(from)) at term \(term)"
        case .votesCounted(let kind, let granted, let rejected):
            "\(own) has received \(granted) \(self.kind(kind)) votes and "
                + "\(rejected) vote rejections"
        case .voteCast(let request): vote(request, did: "cast", preposition: "for")
        case .voteRejected(let request): vote(request, did: "rejected", preposition: "from")
        case .voteIgnoredInLease(let request, let remainingTicks):
            vote(request, did: "ignored", preposition: "from")
                + ": lease is not expired (remaining ticks: \(remainingTicks))"
        default: nil
        }
    }

    private func vote(
        _ request: TraceEvent.VoteRequest, did verb: String, preposition: String
    ) -> String {
        "\(own) [logterm: \(request.last.term), index: \(request.last.index), "
            + "vote: \(hex(request.vote))] \(verb) \(kind(request.kind)) \(preposition) "
            + "\(hex(request.candidate)) [logterm: \(request.candidateLast.term), "
            + "index: \(request.candidateLast.index)] at term \(request.term)"
    }

    private func term(_ event: TraceEvent) -> String? {
        switch event {
        case .higherTerm(let kind, let from, let messageTerm, let term):
            "\(own) [term: \(term)] received a \(self.kind(kind)) message with higher term from "
                + "\(hex(from)) [term: \(messageTerm)]"
        case .lowerTermIgnored(let kind, let from, let messageTerm, let term):
            "\(own) [term: \(term)] ignored a \(self.kind(kind)) message with lower term from "
                + "\(hex(from)) [term: \(messageTerm)]"
        case .staleStorageAppendIgnored(let messageTerm, let term):
            "\(own) [term: \(term)] ignored entry appends from a MsgStorageAppendResp message "
                + "with lower term [term: \(messageTerm)]"
        case .quorumLost: "\(own) stepped down to follower since quorum is not active"
        case .leaderForgotten(let leader, let term):
            "\(own) forgetting leader \(hex(leader)) at term \(term)"
        case .forgetLeaderRefusedByLease:
            "ignoring MsgForgetLeader due to ReadOnlyLeaseBased"
        case .timeoutNowReceived(let from, let term):
            "\(own) [term \(term)] received MsgTimeoutNow from \(hex(from)) and starts an "
                + "election to get leadership."
        case .timeoutNowIgnored(let from, let term, let role):
            "\(own) [term \(term) state \(EtcdRaftText.role(role))] ignored MsgTimeoutNow from "
                + hex(from)
        default: nil
        }
    }

    // MARK: Replication

    private func replication(_ event: TraceEvent) -> String? {
        switch event {
        case .progressUnknown(let member): "\(own) no progress available for \(hex(member))"
        case .appendRejected(let at, let ownTerm, let from):
            "\(own) [logterm: \(ownTerm), index: \(at.index)] rejected MsgApp "
                + "[logterm: \(at.term), index: \(at.index)] from \(hex(from))"
        case .rejectionReceived(let from, let index, let hint):
            "\(own) received MsgAppResp(rejected, hint: (index \(hint.index), "
                + "term \(hint.term))) from \(hex(from)) for index \(index)"
        case .progressDecreased(let member, let progress):
            "\(own) decreased progress of \(hex(member)) to [\(text(progress))]"
        case .replicationPaused(let member, let progress):
            "\(own) paused sending replication messages to \(hex(member)) [\(text(progress))]"
        case .unreachable(let member, let progress):
            "\(own) failed to send message to \(hex(member)) because it is unreachable "
                + "[\(text(progress))]"
        case .proposalDroppedWithoutLeader(let term):
            "\(own) no leader at term \(term); dropping proposal"
        case .proposalNotForwarded(let leader, let term):
            "\(own) not forwarding to leader \(hex(leader)) at term \(term); dropping proposal"
        case .proposalDroppedInTransfer(let to, let term):
            "\(own) [term \(term)] transfer leadership to \(hex(to)) is in progress; dropping "
                + "proposal"
        case .proposalDroppedBySize:
            "\(own) appending new entries to log would exceed uncommitted entry size limit; "
                + "dropping proposal"
        case .readDroppedWithoutLeader(let term):
            "\(own) no leader at term \(term); dropping index reading msg"
        default: nil
        }
    }

    private func log(_ event: TraceEvent) -> String? {
        switch event {
        case .conflict(let at, let existing):
            "found conflict at index \(at.index) [existing term: \(existing), "
                + "conflicting term: \(at.term)]"
        case .unstableReplaced(let from): "replace the unstable entries from index \(from)"
        case .unstableTruncated(let before):
            "truncate the unstable entries before index \(before)"
        case .stableEntryMissing(let index):
            "entry at index \(index) missing from unstable log; ignoring"
        case .stableEntryInSnapshot(let index):
            "entry at index \(index) matched unstable snapshot; ignoring"
        case .stableEntryReplaced(let acknowledged, let term):
            "entry at (index,term)=(\(acknowledged.index),\(acknowledged.term)) mismatched with "
                + "entry at (\(acknowledged.index),\(term)) in unstable log; ignoring"
        default: nil
        }
    }

    private func snapshot(_ event: TraceEvent) -> String? {
        switch event {
        case .snapshotSkippedAsInactive(let to):
            "ignore sending snapshot to \(hex(to)) since it is not recently active"
        case .snapshotNotReady(let to):
            "\(own) failed to send snapshot to \(hex(to)) because snapshot is temporarily "
                + "unavailable"
        case .snapshotSent(let to, let position, let first, let commit, let progress):
            "\(own) [firstindex: \(first), commit: \(commit)] sent snapshot"
                + "[\(place(position))] to \(hex(to)) [\(text(progress))]"
        case .snapshotCaughtUp(let member, let progress):
            "\(own) recovered from needing snapshot, resumed sending replication messages to "
                + "\(hex(member)) [\(text(progress))]"
        case .snapshotReported(let member, let isDelivered, let progress):
            "\(own) snapshot \(isDelivered ? "succeeded" : "failed"), resumed sending "
                + "replication messages to \(hex(member)) [\(text(progress))]"
        case .snapshotRestoreBegan(let position, let log):
            "log [committed=\(log.committed), applied=\(log.applied), "
                + "applying=\(log.applying), unstable.offset=\(log.unstableOffset), "
                + "unstable.offsetInProgress=\(log.unstableOffsetInProgress), "
                + "len(unstable.Entries)=\(log.unstableCount)] starts to restore snapshot "
                + "[\(place(position))]"
        case .snapshotRestored(let position, let commit, let last):
            "\(own) [commit: \(commit), lastindex: \(last.index), lastterm: \(last.term)] "
                + "restored snapshot [\(place(position))]"
        case .snapshotFastForwarded(let position, let commit, let last):
            "\(own) [commit: \(commit), lastindex: \(last.index), lastterm: \(last.term)] "
                + "fast-forwarded commit to snapshot [\(place(position))]"
        case .snapshotAnswered(let position, let isTaken, let commit):
            "\(own) [commit: \(commit)] \(isTaken ? "restored" : "ignored") snapshot "
                + "[\(place(position))]"
        case .snapshotRefusedAsMember(let state):
            "\(own) attempted to restore snapshot but it is not in the ConfState "
                + "\(EtcdRaftText.state(state)); should never happen"
        case .snapshotRefusedByRole:
            "\(own) attempted to restore snapshot as leader; should never happen"
        default: nil
        }
    }

    private func place(_ position: LogPosition) -> String {
        "index: \(position.index), term: \(position.term)"
    }

    // MARK: Membership and transfer

    private func membership(_ event: TraceEvent) -> String? {
        switch event {
        case .configurationChangeRefused(let entry, let configuration, let reason):
            "\(own) ignoring conf change \(EtcdRaftText.protocolBuffer(entry)) at config "
                + "\(text(configuration)): \(why(reason))"
        case .configurationSwitched(let configuration):
            "\(own) switched to configuration \(text(configuration))"
        case .autoLeaveStarted(let configuration):
            "initiating automatic transition out of joint configuration \(text(configuration))"
        case .autoLeaveDropped(let configuration):
            "not initiating automatic transition out of joint configuration "
                + "\(text(configuration)): raft proposal dropped"
        default: nil
        }
    }

    private func why(_ reason: TraceEvent.ChangeRefusal) -> String {
        switch reason {
        case .pending(let index, let applied):
            "possible unapplied conf change at index \(index) (applied to \(applied))"
        case .mustLeaveJoint: "must transition out of joint config first"
        case .notJoint: "not in joint state; refusing empty conf change"
        case .inapplicable(let code): code
        }
    }

    private func transfer(_ event: TraceEvent) -> String? {
        switch event {
        case .transferStarted(let to, let term):
            "\(own) [term \(term)] starts to transfer leadership to \(hex(to))"
        case .transferAlreadyUnderWay(let to, let term):
            "\(own) [term \(term)] transfer leadership to \(hex(to)) is in progress, ignores "
                + "request to same node \(hex(to))"
        case .transferAborted(let to, let term):
            "\(own) [term \(term)] abort previous transferring leadership to \(hex(to))"
        case .transferToLearnerIgnored:
            "\(own) is learner. Ignored transferring leadership"
        case .transferToSelfIgnored:
            "\(own) is already leader. Ignored transferring leadership to self"
        case .transferDroppedWithoutLeader(let term):
            "\(own) no leader at term \(term); dropping leader transfer msg"
        case .timeoutNowSent(let to, let isImmediate):
            isImmediate
                ? "\(own) sends MsgTimeoutNow to \(hex(to)) immediately as \(hex(to)) already "
                    + "has up-to-date log"
                : "\(own) sent MsgTimeoutNow to \(hex(to)) after received MsgAppResp"
        default: nil
        }
    }
}
