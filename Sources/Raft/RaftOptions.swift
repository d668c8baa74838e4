// How a member is set up. The defaults are the safe ones.

import Primitives

/// How linearizable reads are confirmed.
public enum ReadOption: UInt8, Sendable {
    /// By a round of heartbeats to a quorum: no assumption about clocks.
    case safe
    /// From the leader's lease while it holds, else as `safe`.
    ///
    /// Assumes that ticks of all members have the same length within one heartbeat interval an
    /// election timeout, that a leader's driver delivers the ticks of a pause before it asks for
    /// a read, and that every member is set up with this option.
    case leaseBased
}

/// What a leader does that is removed from the group or made a learner.
public enum RemovalPolicy: UInt8, Sendable {
    /// Leads on. The group stands still when the machine is turned off.
    case stay
    /// Steps down at once, and so may leave voters behind that cannot elect anyone: they do not
    /// know yet that the new configuration counts, and need the vote of one whose log is longer.
    case stepDown
    /// Takes no proposals from the entry that removes it on, leads until a quorum of the new
    /// configuration knows that entry to be committed, then names a successor and steps down.
    case handOver
}

/// The set-up of one member.
public struct RaftOptions: Sendable {
    /// This member.
    public var id: MemberID
    /// Where election timeouts are drawn from; every member needs its own.
    public var seed: UInt64
    /// Ticks without a leader before an election; the timeout is drawn from once to twice this.
    public var electionTicks = 10
    /// Ticks between heartbeats.
    public var heartbeatTicks = 1
    /// The last entry that the state machine has applied, on restart.
    public var appliedIndex: LogIndex = 0
    /// Whether storage works by messages (`storageAppend`, `storageApply`) instead of `advance`.
    public var asynchronousStorageWrites = false
    /// The most entry bytes in one append.
    public var maximumMessageBytes: UInt64 = 1 << 20
    /// The most entry bytes handed out and not yet applied.
    public var maximumApplyingBytes: UInt64 = 64 << 20
    /// The most uncommitted bytes before a leader refuses proposals.
    public var maximumUncommittedBytes: UInt64 = 256 << 20
    /// The most appends under way to one follower.
    public var maximumInflightMessages = 256
    /// The most entry bytes under way to one follower.
    public var maximumInflightBytes: UInt64 = 64 << 20
    /// The most reads that wait for confirmation.
    public var maximumPendingReads = 1 << 16
    /// Whether a leader that does not hear from a quorum steps down, and members that hear from
    /// a leader refuse votes.
    public var checkQuorum = true
    /// Whether elections begin with a question that disturbs nobody.
    public var preVote = true
    /// What a leader does that is removed or demoted.
    public var removalPolicy = RemovalPolicy.handOver
    /// How reads are confirmed.
    public var readOption = ReadOption.safe
    /// Whether followers pass proposals on to the leader.
    public var forwardsProposals = true
    /// Whether configuration changes are tried against the active configuration before they enter
    /// the log. Only to reproduce others' transcripts is this ever off.
    public var validatesConfigurationChanges = true

    /// Whether a candidate leads only once its own vote, and with it the term, is durable.
    ///
    /// Else others' votes could elect it, and after a crash elect it again in the same term, to
    /// write other entries of that term at the same places. Only to reproduce others' transcripts
    /// is this ever off.
    public var awaitsOwnVote = true
    /// Whether a candidate learns from who refuses its vote what is committed.
    ///
    /// Whoever was voted out knows it, and its log may be longer than any other: a member that lost
    /// that knowledge, and needs the other's vote by the membership it remembers, would never lead.
    /// Only to reproduce others' transcripts is this ever off.
    public var learnsFromRefusals = true
    /// A known bug to plant; only ever set by simulations of this package.
    package var flaw: RaftFlaw?

    /// The defaults for member `id`.
    public init(id: MemberID, seed: UInt64) {
        self.id = id
        self.seed = seed
    }

    /// Refuses a set-up that cannot work (`raft.options`).
    func check() throws(Refusal) {
        func demand(_ holds: Bool, _ rule: String) throws(Refusal) {
            guard holds else { throw Refusal("raft.options", rule) }
        }
        try demand(
            id != ReservedMember.none && !ReservedMember.isLocalThread(id),
            "member identifier \(id) is reserved")
        try demand(heartbeatTicks > 0, "the heartbeat interval must be at least one tick")
        try demand(
            electionTicks > heartbeatTicks,
            "the election timeout must be longer than the heartbeat interval")
        try demand(maximumInflightMessages > 0, "at least one append must be allowed in flight")
        try demand(
            maximumInflightBytes >= maximumMessageBytes,
            "the window in flight must hold at least one message")
        try demand(maximumApplyingBytes > 0, "at least one byte must be allowed to be applying")
        try demand(
            readOption == .safe || checkQuorum, "lease-based reads need the quorum check")
    }
}
