// What a member does and why, as values: for logs, metrics and transcripts. The core keeps no text.

/// How much an event matters to a person.
public enum TraceSeverity: UInt8, Comparable, Sendable {
    /// Detail of replication.
    case debug
    /// Elections, configurations, snapshots.
    case info
    /// Something was refused or given up that an operator may want to know of.
    case warning
    /// A caller's mistake.
    case error

    /// By urgency.
    public static func < (left: TraceSeverity, right: TraceSeverity) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// One thing that happened in the core.
public enum TraceEvent: Sendable {
    /// Where a log stands.
    public struct LogSummary: Hashable, Sendable {
        /// Known to be committed.
        public var committed: LogIndex
        /// Applied.
        public var applied: LogIndex
        /// Handed out to be applied.
        public var applying: LogIndex
        /// The first index that is not known to be durable.
        public var unstableOffset: LogIndex
        /// The first index that was not handed out to be written.
        public var unstableOffsetInProgress: LogIndex
        /// Entries not known to be durable.
        public var unstableCount: Int
    }

    /// A vote that was asked for, with what decided it.
    public struct VoteRequest: Hashable, Sendable {
        /// `.vote` or `.preVote`.
        public var kind: MessageKind
        /// Who asked.
        public var candidate: MemberID
        /// Where the candidate's log ends.
        public var candidateLast: LogPosition
        /// Where this member's log ends.
        public var last: LogPosition
        /// Whom this member had voted for.
        public var vote: MemberID
        /// This member's term.
        public var term: Term
    }

    /// Why a proposed configuration change was not taken.
    public enum ChangeRefusal: Hashable, Sendable {
        /// One that may not be applied yet stands at `index`.
        case pending(index: LogIndex, applied: LogIndex)
        /// A joint configuration must be left first.
        case mustLeaveJoint
        /// There is no joint configuration to leave.
        case notJoint
        /// Applying it would be refused with this code.
        case inapplicable(code: String)
    }

    // Life and elections.
    case started(voters: [MemberID], term: Term, log: LogSummary, last: LogPosition)
    case becameFollower(term: Term)
    case becamePreCandidate(term: Term)
    case becameCandidate(term: Term)
    case becameLeader(term: Term)
    case campaignStarted(term: Term)
    case campaignIgnoredAsLeader
    case campaignIgnoredInLease
    case unpromotable
    case campaignBlockedByConfigurationChange(term: Term)
    case voteRequested(MessageKind, from: MemberID, last: LogPosition, term: Term)
    case voteReceived(MessageKind, from: MemberID, isGranted: Bool, term: Term)
    case votesCounted(MessageKind, granted: Int, rejected: Int)
    case voteCast(VoteRequest)
    case voteRejected(VoteRequest)
    case voteIgnoredInLease(VoteRequest, remainingTicks: Int)
    case higherTerm(MessageKind, from: MemberID, messageTerm: Term, term: Term)
    case lowerTermIgnored(MessageKind, from: MemberID, messageTerm: Term, term: Term)
    case staleStorageAppendIgnored(messageTerm: Term, term: Term)
    case quorumLost
    case leaderForgotten(MemberID, term: Term)
    case forgetLeaderRefusedByLease
    case timeoutNowReceived(from: MemberID, term: Term)
    case timeoutNowIgnored(from: MemberID, term: Term, role: Role)

    // Replication.
    case progressUnknown(MemberID)
    case appendRejected(at: LogPosition, ownTerm: Term, from: MemberID)
    case rejectionReceived(from: MemberID, index: LogIndex, hint: LogPosition)
    case progressDecreased(MemberID, Progress)
    case snapshotSkippedAsInactive(MemberID)
    case snapshotNotReady(MemberID)
    case snapshotSent(to: MemberID, LogPosition, first: LogIndex, commit: LogIndex, Progress)
    case replicationPaused(MemberID, Progress)
    case snapshotCaughtUp(MemberID, Progress)
    case snapshotReported(MemberID, isDelivered: Bool, Progress)
    case unreachable(MemberID, Progress)
    case snapshotRestoreBegan(LogPosition, log: LogSummary)
    case snapshotRestored(LogPosition, commit: LogIndex, last: LogPosition)
    case snapshotFastForwarded(LogPosition, commit: LogIndex, last: LogPosition)
    case snapshotAnswered(LogPosition, isTaken: Bool, commit: LogIndex)
    case snapshotRefusedAsMember(ConfigurationState)
    case snapshotRefusedByRole(Role)
    case conflict(at: LogPosition, existing: Term)
    case unstableReplaced(from: LogIndex)
    case unstableTruncated(before: LogIndex)
    case stableEntryMissing(index: LogIndex)
    case stableEntryInSnapshot(index: LogIndex)
    case stableEntryReplaced(acknowledged: LogPosition, term: Term)

    // Damage.
    case damageChanged([ClosedRange<LogIndex>])
    case damageCondemned(from: LogIndex)
    case voteRestored(term: Term)

    // Proposals, membership, transfer, reads.
    case proposalDroppedWithoutLeader(term: Term)
    case proposalNotForwarded(leader: MemberID, term: Term)
    case proposalDroppedInTransfer(to: MemberID, term: Term)
    case proposalDroppedBySize
    case configurationChangeRefused(Entry, GroupConfiguration, ChangeRefusal)
    case configurationSwitched(GroupConfiguration)
    case autoLeaveStarted(GroupConfiguration)
    case autoLeaveDropped(GroupConfiguration)
    case transferStarted(to: MemberID, term: Term)
    case transferAlreadyUnderWay(to: MemberID, term: Term)
    case transferAborted(to: MemberID, term: Term)
    case transferToLearnerIgnored
    case transferToSelfIgnored
    case transferDroppedWithoutLeader(term: Term)
    case timeoutNowSent(to: MemberID, isImmediate: Bool)
    case readDroppedWithoutLeader(term: Term)
    case readDroppedAsFull
}

extension TraceEvent {
    /// How much it matters.
    public var severity: TraceSeverity {
        switch self {
        case .campaignIgnoredAsLeader, .timeoutNowIgnored, .progressUnknown, .appendRejected,
            .rejectionReceived, .progressDecreased, .snapshotSkippedAsInactive,
            .snapshotNotReady, .snapshotSent, .replicationPaused, .snapshotCaughtUp,
            .snapshotReported, .unreachable, .proposalDroppedInTransfer, .autoLeaveDropped,
            .transferToLearnerIgnored, .transferToSelfIgnored:
            .debug
        case .unpromotable, .campaignBlockedByConfigurationChange, .quorumLost,
            .proposalDroppedBySize, .snapshotRefusedAsMember, .snapshotRefusedByRole,
            .readDroppedAsFull:
            .warning
        case .forgetLeaderRefusedByLease: .error
        default: .info
        }
    }
}

/// Where events go; building one costs nothing when nobody looks.
struct Tracer {
    let observe: ((TraceEvent) -> Void)?

    func callAsFunction(_ event: @autoclosure () -> TraceEvent) {
        if let observe { observe(event()) }
    }
}
