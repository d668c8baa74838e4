// The state of one member, and how it comes to be. What it does is in the extensions beside.

import Primitives

/// The consensus state machine: messages and ticks in; messages, entries and state out.
struct RaftCore {
    let id: MemberID
    let options: RaftOptions
    let trace: Tracer

    var term: Term = 0
    var vote: MemberID = ReservedMember.none
    var role = Role.follower
    var leader: MemberID = ReservedMember.none
    var log: RaftLog
    var tracker: ProgressTracker
    /// Set when an invariant broke: the member must not promise anything any more.
    var failure: Refusal?

    /// To other members, at once.
    var messages: [Message] = []
    /// To any member including this one, once what is unstable now is durable: answers that
    /// promise something.
    var messagesAfterAppend: [Message] = []
    var readStates: [ReadState] = []

    /// The successor, while leadership is being transferred.
    var transferTarget: MemberID = ReservedMember.none
    /// Whether a successor was told to stand in this term, past every lease.
    var hasSentTimeoutNow = false
    /// A configuration change may be at or before this index and not yet applied; no other is
    /// taken until it is.
    var pendingConfigurationIndex: LogIndex = 0
    /// The entry that takes this leader out of the group; nothing may follow it here. 0: none.
    var farewellIndex: LogIndex = 0
    /// Removed: leads on until a quorum knows this index to be committed. 0: not removed.
    var retirementIndex: LogIndex = 0
    /// Data bytes proposed in this term and not yet applied. An estimate that never exceeds.
    var uncommittedBytes: UInt64 = 0
    var reads = ReadIndexQueue()
    var lease = LeaderLease()
    /// Reads that came before the first commit of this term.
    var readsBeforeFirstCommit: [Message] = []

    /// A snapshot that waits until what is being applied is applied.
    var deferredSnapshot: Message?

    var electionElapsed = 0
    var heartbeatElapsed = 0
    var electionTimeout = 0
    var randomness: SplitMix64
    /// What the disk lost, if anything.
    var damage = Damage()
    /// Storage could not read an entry: to be looked into once the step is done.
    var noteDamageAfterStep = false
    /// Lease-based only: whether an earlier life of this member may have promised not to vote.
    var isInRestartGrace = false

    init(
        options: RaftOptions, storage: any Storage, observe: ((TraceEvent) -> Void)?
    ) throws(Refusal) {
        try options.check()
        id = options.id
        self.options = options
        trace = Tracer(observe: observe)
        randomness = SplitMix64(seed: options.seed)
        log = RaftLog(
            storage: storage, maximumApplyingBytes: options.maximumApplyingBytes, trace: trace)
        tracker = ProgressTracker(
            maximumInflightMessages: options.maximumInflightMessages,
            maximumInflightBytes: options.maximumInflightBytes)

        let (state, configuration) = try storage.initialState()
        try restoreConfiguration(configuration)
        term = state.term
        vote = state.vote
        log.lostTermBound = term
        damage.isVoteCertain = storage.isVoteCertain
        damage.name = withUnsafeBytes(of: randomness.next()) { Array($0) }
        // What was applied had been committed, even if the commit index did not reach the disk.
        let applied = max(options.appliedIndex, log.applied)
        try log.restoreCommit(max(state.commit, applied))
        try log.applied(to: applied, bytes: 0)
        becomeFollower(term: term, leader: ReservedMember.none)
        refreshDamage()
        isInRestartGrace = options.readOption == .leaseBased && state.term > 0
        let last = try log.lastPosition()
        trace(
            .started(
                voters: tracker.configuration.voters.voters.ids, term: term, log: log.summary,
                last: last))
    }

    var softState: SoftState { SoftState(leader: knownLeader, role: role) }

    var knownLeader: MemberID? { leader == ReservedMember.none ? nil : leader }

    var hardState: HardState { HardState(term: term, vote: vote, commit: log.committed) }

    /// Whether this member may ask for votes.
    var isPromotable: Bool {
        guard let place = tracker.progress.position(of: id) else { return false }
        return !tracker.progress.values[place].isLearner && !log.hasPendingSnapshot
            && !lacksWhatLeadersNeed
    }

    /// Queues a message, at once or after what it promises is durable.
    ///
    /// Votes and acknowledgements are promises: published before they are durable, a crash could
    /// break them. Rejections wait too; they are rare, and may rest on state not yet durable.
    mutating func send(_ message: Message) {
        var message = message
        message.from = message.from == ReservedMember.none ? id : message.from
        switch message.kind {
        case .vote, .voteResponse, .preVote, .preVoteResponse: break
        // Passed on to whoever leads, in whatever term.
        case .propose, .readIndex, .repairRequest, .repairResponse: break
        default: message.term = term
        }
        if message.kind == .appendResponse || message.kind == .heartbeatResponse {
            message.knownCommit = log.committed
        }
        switch message.kind {
        case .appendResponse, .voteResponse, .preVoteResponse:
            messagesAfterAppend.append(message)
        default:
            messages.append(message)
        }
    }
}
