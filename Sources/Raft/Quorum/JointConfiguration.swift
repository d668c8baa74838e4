// Decisions by two majorities at once, while the group moves from one set of voters to another.

/// Two sets of voters that must both decide; with the outgoing one empty, a plain majority.
public struct JointConfiguration: Hashable, Sendable {
    /// The voters that are to be.
    public var incoming: MajorityConfiguration
    /// The voters that were; empty unless joint.
    public var outgoing: MajorityConfiguration

    /// A configuration.
    public init(
        incoming: MajorityConfiguration = MajorityConfiguration(),
        outgoing: MajorityConfiguration = MajorityConfiguration()
    ) {
        self.incoming = incoming
        self.outgoing = outgoing
    }

    /// Whether there are two sets.
    public var isJoint: Bool { !outgoing.voters.isEmpty }

    /// Every voter of either set.
    public var voters: MemberSet { incoming.voters.union(outgoing.voters) }

    /// Whether `id` votes in either set.
    public func contains(_ id: MemberID) -> Bool {
        incoming.voters.contains(id) || outgoing.voters.contains(id)
    }

    /// The highest index that a quorum of both sets acknowledged.
    public func committedIndex(_ acknowledged: (MemberID) -> LogIndex?) -> LogIndex {
        min(incoming.committedIndex(acknowledged), outgoing.committedIndex(acknowledged))
    }

    /// Won when both sets say yes, lost when either says no.
    public func voteResult(_ vote: (MemberID) -> Bool?) -> VoteResult {
        let first = incoming.voteResult(vote)
        let second = outgoing.voteResult(vote)
        if first == second { return first }
        return first == .lost || second == .lost ? .lost : .pending
    }
}
