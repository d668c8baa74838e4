// Everything a member hears: from other members, from its own storage tasks, from its caller.

/// What a message asks or answers. The raw values are the wire's.
public enum MessageKind: UInt8, Sendable, CaseIterable {
    /// Local: start an election.
    case campaign = 0
    /// Local: send heartbeats.
    case beat = 1
    /// Append entries; followers pass it on to the leader.
    case propose = 2
    /// Leader to follower: entries that follow a position.
    case append = 3
    /// Answer to `append` and `snapshot`.
    case appendResponse = 4
    /// Candidate: vote for me.
    case vote = 5
    /// Answer to `vote`.
    case voteResponse = 6
    /// Leader to follower: a snapshot in place of entries that are gone.
    case snapshot = 7
    /// Leader to follower: I lead; this much of your log is committed.
    case heartbeat = 8
    /// Answer to `heartbeat`.
    case heartbeatResponse = 9
    /// Local: the last message to `from` was not delivered.
    case unreachable = 10
    /// Local: how the snapshot to `from` fared.
    case snapshotStatus = 11
    /// Local: is a quorum still there?
    case checkQuorum = 12
    /// Make `from` the leader; followers pass it on.
    case transferLeader = 13
    /// Leader to its successor: start an election now.
    case timeoutNow = 14
    /// A linearizable read; followers pass it on to the leader.
    case readIndex = 15
    /// Answer to `readIndex`.
    case readIndexResponse = 16
    /// Pre-candidate: would you vote for me?
    case preVote = 17
    /// Answer to `preVote`.
    case preVoteResponse = 18
    /// To the append task: make this durable.
    case storageAppend = 19
    /// From the append task: it is durable.
    case storageAppendResponse = 20
    /// To the apply task: apply these entries.
    case storageApply = 21
    /// From the apply task: they are applied.
    case storageApplyResponse = 22
    /// Local: forget the leader, so that votes are not refused for its sake.
    case forgetLeader = 23
    /// To any member: which entries cannot be read here, and may it supply them?
    case repairRequest = 24
    /// Answer to `repairRequest`.
    case repairResponse = 25

    /// Whether it is only meaningful inside one member, and so refused from the network.
    public var isLocal: Bool {
        switch self {
        case .campaign, .beat, .unreachable, .snapshotStatus, .checkQuorum, .storageAppend,
            .storageAppendResponse, .storageApply, .storageApplyResponse, .forgetLeader:
            true
        default: false
        }
    }

    /// Whether it answers something, and so is only heard from members of the configuration.
    public var isResponse: Bool {
        switch self {
        case .appendResponse, .voteResponse, .heartbeatResponse, .unreachable,
            .readIndexResponse, .preVoteResponse, .storageAppendResponse, .storageApplyResponse,
            .repairResponse:
            true
        default: false
        }
    }

    /// The answer to a vote or pre-vote.
    var voteResponse: MessageKind { self == .preVote ? .preVoteResponse : .voteResponse }
}

/// What storage writes over what it cannot read.
public struct StorageRepair: Hashable, Sendable {
    /// Entries in the place of damaged ones.
    public var entries: [Entry] = []
    /// Whether the hard state beside it makes an uncertain vote certain again.
    public var restoresVote = false

    /// A repair; without arguments, of nothing.
    public init(entries: [Entry] = [], restoresVote: Bool = false) {
        self.entries = entries
        self.restoresVote = restoresVote
    }
}

/// One message. Which fields mean something depends on the kind; the others are zero or empty.
public struct Message: Hashable, Sendable {
    /// What it asks or answers.
    public var kind: MessageKind
    /// To whom: a member or a local task.
    public var to: MemberID
    /// From whom.
    public var from: MemberID
    /// The sender's term, or the term that a candidate asks for; 0 for local matters.
    public var term: Term
    /// `append`: the term of the entry before the entries. `vote`: of the candidate's last entry.
    /// Rejections: of the entry at the hint. `repairResponse`: the term of who answers.
    public var logTerm: Term
    /// `append`: the index before the entries. `vote`: of the candidate's last entry.
    /// `appendResponse`: the last matching index, or the one that was rejected.
    public var index: LogIndex
    /// `append`, `propose`, `storageAppend`, `storageApply` and its response.
    public var entries: [Entry]
    /// The sender's commit index, as far as it concerns the receiver.
    public var commit: LogIndex
    /// `storageAppend`: the vote to make durable. `repairResponse`: who answers, if it leads.
    public var vote: MemberID
    /// `snapshot`, `storageAppend` and its response. `repairResponse`: what is asked for and in no
    /// log any more is in it.
    public var snapshot: Snapshot?
    /// `storageAppend`: whether the log behind the snapshot stays, which then takes the place of
    /// the log's beginning only; else the log starts over. Never travels.
    public var keepsTail: Bool
    /// Whether an answer is no.
    public var isRejected: Bool
    /// `appendResponse`: where the follower's log may match the leader's. `repairRequest`: the last
    /// entry that is asked for. `repairResponse`: the last entry of who answers.
    public var rejectHint: LogIndex
    /// `vote`: the leader asked for this election, so its lease does not stand against it.
    public var isTransfer: Bool
    /// `heartbeat` and its response: reads up to this position are confirmed by the answer.
    public var readPosition: UInt64
    /// `heartbeat` and its response: the leader's tick when it asked; bounds its lease.
    public var leaderTick: UInt64
    /// `appendResponse`, `heartbeatResponse`, refused votes: how far the sender knows the log to be
    /// committed. `repairRequest`: how far it has applied it.
    public var knownCommit: LogIndex
    /// Refused votes: the term of the entry at `knownCommit`, 0 where it is not known.
    public var knownCommitTerm: Term
    /// `readIndex` and its response: the caller's name for the read. `repairRequest` and its
    /// response: the life of the member that asks.
    public var context: [UInt8]
    /// Storage messages: to be sent, in order, once the work is done. Never travels.
    public var responses: [Message]
    /// `storageAppend`: what takes the place of damaged records, before all else. Never travels.
    public var repair: StorageRepair?

    /// A message with nothing in it but what is given.
    public init(
        _ kind: MessageKind, to: MemberID = ReservedMember.none,
        from: MemberID = ReservedMember.none, term: Term = 0, logTerm: Term = 0,
        index: LogIndex = 0, entries: [Entry] = [], commit: LogIndex = 0
    ) {
        self.kind = kind
        self.to = to
        self.from = from
        self.term = term
        self.logTerm = logTerm
        self.index = index
        self.entries = entries
        self.commit = commit
        vote = ReservedMember.none
        snapshot = nil
        keepsTail = false
        isRejected = false
        rejectHint = 0
        isTransfer = false
        readPosition = 0
        leaderTick = 0
        knownCommit = 0
        knownCommitTerm = 0
        context = []
        responses = []
        repair = nil
    }

    /// Whether it refuses a vote or a pre-vote.
    var isRefusedVote: Bool {
        isRejected && (kind == .voteResponse || kind == .preVoteResponse)
    }

    /// `storageAppend`: the state to make durable, or nil when it did not change.
    public var hardState: HardState? {
        let state = HardState(term: term, vote: vote, commit: commit)
        return state.isEmpty ? nil : state
    }
}
