// Known bugs of consensus systems, each put back on purpose to see that the simulation finds it.
// They are made in the surroundings of the member (driver, disk, network), never in its own code.

/// A bug to plant.
public enum Flaw: String, Sendable, CaseIterable {
    /// Votes and acknowledgements leave before what they promise is on the disk.
    case answersBeforeFlush = "answers-before-flush"
    /// The disk reports flushes that it never did.
    case flushesNothing = "flushes-nothing"
    /// A member forgets in a restart whom it voted for.
    case forgetsVote = "forgets-vote"
    /// A member whose disk was wiped comes back under its old identity.
    case returnsWiped = "returns-wiped"
    /// A member that restarts believes in a membership of itself alone.
    case restartsOnStaleMembership = "restarts-on-stale-membership"
    /// The applied index is moved without the entry's changes.
    case appliedIndexRunsAhead = "applied-index-runs-ahead"
    /// The leader tells that entries are committed as soon as it has them.
    case commitsWithoutQuorum = "commits-without-quorum"
    /// Reads are served from a member's own state without asking anybody.
    case readsWithoutQuorum = "reads-without-quorum"
    /// Reads trust the leader's lease, and a pause does not end it.
    case leaseOutlivesPause = "lease-outlives-pause"
    /// Reads are named alike in every life of a member, so that a late answer to one of an earlier
    /// life passes for the answer to a new one.
    case reusesReadNames = "reuses-read-names"
    /// A leader opens new kinds of entries as soon as it knows them itself.
    case raisesLevelUnasked = "raises-level-unasked"
}
