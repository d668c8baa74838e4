// Decisions by more than half of a set of voters.

/// Where a vote stands.
public enum VoteResult: UInt8, Sendable {
    /// Neither side has a quorum, and both still may.
    case pending
    /// A quorum said no, or yes is out of reach.
    case lost
    /// A quorum said yes.
    case won
}

/// A set of voters that decides by majority.
public struct MajorityConfiguration: Hashable, Sendable {
    /// The voters.
    public var voters: MemberSet

    /// A configuration of `voters`.
    public init(_ voters: MemberSet = MemberSet()) { self.voters = voters }

    /// How many voters make a quorum.
    public var quorum: Int { voters.count / 2 + 1 }

    /// The highest index that a quorum acknowledged; voters not heard from count as 0.
    ///
    /// The empty configuration acknowledges everything, so that it does not hold back the other
    /// half of a joint one. Quadratic in the voters, and without allocating: there are few.
    public func committedIndex(_ acknowledged: (MemberID) -> LogIndex?) -> LogIndex {
        if voters.isEmpty { return .max }
        var committed: LogIndex = 0
        for voter in voters {
            guard let candidate = acknowledged(voter), candidate > committed else { continue }
            var support = 0
            for other in voters where (acknowledged(other) ?? 0) >= candidate { support += 1 }
            if support >= quorum { committed = candidate }
        }
        return committed
    }

    /// Where the vote stands. The empty configuration always agrees.
    public func voteResult(_ vote: (MemberID) -> Bool?) -> VoteResult {
        if voters.isEmpty { return .won }
        var granted = 0
        var missing = 0
        for voter in voters {
            switch vote(voter) {
            case true: granted += 1
            case false: break
            case nil: missing += 1
            }
        }
        if granted >= quorum { return .won }
        return granted + missing >= quorum ? .pending : .lost
    }
}
