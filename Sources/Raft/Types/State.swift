// What a member remembers across a restart, and what it may forget.

public import Primitives

/// What must be durable before a member answers for it.
public struct HardState: Hashable, Sendable {
    /// The latest term it has seen.
    public var term: Term
    /// Whom it voted for in that term, or `ReservedMember.none`.
    public var vote: MemberID
    /// How far it knows the log to be committed. May lag after a crash; it only saves time.
    public var commit: LogIndex

    /// A state; without arguments, that of a member that has seen nothing.
    public init(term: Term = 0, vote: MemberID = ReservedMember.none, commit: LogIndex = 0) {
        self.term = term
        self.vote = vote
        self.commit = commit
    }

    /// Whether it says nothing.
    public var isEmpty: Bool { self == HardState() }
}

/// Term, vote, commit.
extension HardState: BinaryCodable {
    /// Appends the canonical form.
    public func encode(into encoder: inout BinaryEncoder) {
        encoder.number(term)
        encoder.number(vote)
        encoder.number(commit)
    }

    /// Reads the canonical form.
    public init(from decoder: inout BinaryDecoder) throws(Refusal) {
        term = try decoder.number()
        vote = try decoder.number()
        commit = try decoder.number()
    }
}

/// The part a member plays.
public enum Role: UInt8, Sendable {
    /// Takes the log from a leader, or waits for one.
    case follower
    /// Asks for votes.
    case candidate
    /// Appends and replicates.
    case leader
    /// Asks whether an election could be won, without disturbing the term.
    case preCandidate
}

/// What changes often and need not be durable.
public struct SoftState: Hashable, Sendable {
    /// The leader, as far as known.
    public var leader: MemberID?
    /// The part this member plays.
    public var role: Role

    /// A state.
    public init(leader: MemberID?, role: Role) {
        self.leader = leader
        self.role = role
    }
}

/// A confirmed read: once the state machine has applied `index`, it may answer, linearizably, the
/// request that `context` names.
public struct ReadState: Hashable, Sendable {
    /// What must be applied first.
    public var index: LogIndex
    /// The caller's name for the request.
    public var context: [UInt8]

    /// A confirmed read.
    public init(index: LogIndex, context: [UInt8]) {
        self.index = index
        self.context = context
    }
}
