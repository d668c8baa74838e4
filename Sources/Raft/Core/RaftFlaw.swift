// Known bugs of consensus systems, each put back on purpose. A simulation that does not notice one
// of them would not notice its like either. Only this package can ask for one.

/// A bug to plant in the core.
package enum RaftFlaw: String, Sendable, CaseIterable {
    // Committing.
    /// An entry of an earlier term counts as committed once a quorum has it.
    case commitsEarlierTerms = "commits-earlier-terms"
    /// One acknowledgement fewer than a quorum commits.
    case commitsOneShort = "commits-one-short"
    /// A leader that was removed counts itself.
    case removedLeaderCounts = "removed-leader-counts"
    /// An acknowledgement of an earlier term counts in this one.
    case countsLateAcknowledgements = "counts-late-acknowledgements"
    // Electing.
    /// Half of an even number of voters elects.
    case electsByHalf = "elects-by-half"
    /// Votes are given without a look at the candidate's log.
    case votesWithoutLogCheck = "votes-without-log-check"
    /// The longer log wins, whatever its last term.
    case comparesLengthFirst = "compares-length-first"
    /// Votes of an earlier term count in the next.
    case keepsEarlierVotes = "keeps-earlier-votes"
    /// A candidate leads on others' votes, before its own term is durable.
    case leadsBeforeOwnVote = "leads-before-own-vote"
    /// A member votes again in a term in which it voted.
    case votesTwice = "votes-twice"
    // Appending.
    /// Every append truncates what follows it.
    case truncatesOnEveryAppend = "truncates-on-every-append"
    /// An append without entries is taken without matching.
    case takesEmptyAppendUnmatched = "takes-empty-append-unmatched"
    /// An append before the compacted part deletes the log.
    case deletesBelowCompaction = "deletes-below-compaction"
    /// What was written and replaced meanwhile counts as durable.
    case trustsReplacedWrites = "trusts-replaced-writes"
    /// Acknowledgements do not free the window.
    case keepsWindowFull = "keeps-window-full"
    /// A follower whose window is full gets no snapshot.
    case throttledGetsNoSnapshot = "throttled-gets-no-snapshot"
    // Membership.
    /// A new leader takes a change before it has committed anything.
    case changesBeforeFirstCommit = "changes-before-first-commit"
    /// A change is taken while another is not applied.
    case admitsOverlappingChanges = "admits-overlapping-changes"
    /// A joint configuration is left again for each entry that is applied.
    case leavesJointTwice = "leaves-joint-twice"
    /// A leader that was removed leads on.
    case removedLeaderStays = "removed-leader-stays"
    /// A learner does not vote, whatever a candidate knows of it.
    case learnersNeverVote = "learners-never-vote"
    /// A snapshot brings the state and not the membership.
    case snapshotKeepsOldMembership = "snapshot-keeps-old-membership"
    // Reading.
    /// A leader answers reads before it has committed anything.
    case readsBeforeFirstCommit = "reads-before-first-commit"
    /// A late answer to an earlier question confirms the latest read.
    case mistakesReadAnswers = "mistakes-read-answers"
    /// One member fewer than a quorum confirms a read.
    case readsOneShort = "reads-one-short"
    /// A member reads at its own commit index once the leader has answered.
    case readsAtOwnCommit = "reads-at-own-commit"
    // Damage.
    /// A member that does not know its vote votes all the same.
    case votesInDoubt = "votes-in-doubt"
    /// A member acknowledges past what it cannot read.
    case acknowledgesPastDamage = "acknowledges-past-damage"
    /// Unreadable entries are taken from anyone's log, committed or not.
    case repairsFromAnyone = "repairs-from-anyone"
}
