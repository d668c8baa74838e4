// The known bugs of consensus systems that simulations must find: each with where it was first
// seen, and the simulation that knows the part it is in.

public import Primitives
package import Raft

/// A known bug, planted on purpose.
public struct Mutant: Sendable {
    /// Where it is planted.
    package enum Place: Sendable {
        /// Around a whole member: driver, disk, network.
        case member(Flaw)
        /// In the consensus core.
        case core(RaftFlaw)
        /// In the storage under a core.
        case storage(GroupStorage.Flaw)
    }

    /// Where it is planted.
    package let place: Place
    /// Where it was seen, or what it breaks.
    public let source: String

    /// Its name.
    public var name: String {
        switch place {
        case .member(let flaw): flaw.rawValue
        case .core(let flaw): flaw.rawValue
        case .storage(let flaw): flaw.rawValue
        }
    }

    /// Which simulation looks for it: `cluster` or `group`.
    public var simulation: String {
        if case .member = place { "cluster" } else { "group" }
    }

    /// The first seed that finds it, and as what; nil when none does. A seed finds a bug when it
    /// fails with it and holds without it: what fails either way says nothing of the bug.
    public func firstKill(
        in seeds: ClosedRange<UInt64>, blueprint: Blueprint, width: Int
    ) async -> (seed: UInt64, violation: Refusal)? {
        var kill: (seed: UInt64, violation: Refusal)?
        switch place {
        case .member(let flaw):
            var campaign = Campaign(blueprint: blueprint)
            (campaign.flaw, campaign.width) = (flaw, width)
            _ = await campaign.run(seeds) { report in
                guard let violation = report.violation else { return true }
                let control = Simulation(blueprint: blueprint, seed: report.seed).run()
                if control.violation == nil { kill = (report.seed, violation) }
                return kill == nil
            }
        case .core, .storage:
            var group = GroupRun()
            group.width = width
            if case .core(let flaw) = place { group.coreFlaw = flaw }
            if case .storage(let flaw) = place { group.storageFlaw = flaw }
            await group.run(seeds) { report in
                guard let violation = report.violation else { return true }
                let control = GroupRun().run(seed: report.seed)
                if control.violation == nil, !control.waits { kill = (report.seed, violation) }
                return kill == nil
            }
        }
        return kill
    }

    /// Every bug there is, the core's first.
    public static let all: [Mutant] =
        RaftFlaw.allCases.map { Mutant(place: .core($0), source: Mutant.source(of: $0)) }
        + GroupStorage.Flaw.allCases.map {
            Mutant(place: .storage($0), source: Mutant.source(of: $0))
        }
        + Flaw.allCases.map { Mutant(place: .member($0), source: Mutant.source(of: $0)) }

    private static func source(of flaw: RaftFlaw) -> String {
        switch flaw {
        case .commitsEarlierTerms: "Raft figure 8; logcabin#44, canonical/raft#220"
        case .commitsOneShort: "openraft#1802"
        case .removedLeaderCounts: "etcd confchange_v1_remove_leader"
        case .countsLateAcknowledgements: "CCF#5674"
        case .electsByHalf: "hashicorp/raft 163a55f"
        case .votesWithoutLogCheck: "NuRaft#134, NuRaft#185"
        case .comparesLengthFirst: "openraft a48a3282"
        case .keepsEarlierVotes: "raft-rs#83, raft-rs#84"
        case .leadsBeforeOwnVote: "found here: cluster seed 733"
        case .votesTwice: "etcd#12589"
        case .truncatesOnEveryAppend: "openraft 9540c904"
        case .takesEmptyAppendUnmatched: "atomix#1036"
        case .deletesBelowCompaction: "openraft 71a290cd"
        case .trustsReplacedWrites: "etcd async_storage_writes_append_aba_race"
        case .keepsWindowFull: "etcd#14633"
        case .throttledGetsNoSnapshot: "etcd-io/raft#31"
        case .changesBeforeFirstCommit: "Ongaro 2015, redpanda#17675"
        case .admitsOverlappingChanges: "etcd#11284, etcd-io/raft#80"
        case .leavesJointTwice: "etcd#14538"
        case .removedLeaderStays: "etcd#11038, raft-rs#584"
        case .learnersNeverVote: "etcd#10998"
        case .snapshotKeepsOldMembership: "canonical/raft#250"
        case .readsBeforeFirstCommit: "etcd#7331, etcd#14258"
        case .mistakesReadAnswers: "etcd#20418"
        case .readsOneShort: "openraft d60f1e85"
        case .readsAtOwnCommit: "etcd#21375"
        case .votesInDoubt: "tigerbeetle#2767"
        case .acknowledgesPastDamage: "protocol-aware recovery"
        case .repairsFromAnyone: "protocol-aware recovery"
        }
    }

    private static func source(of flaw: GroupStorage.Flaw) -> String {
        switch flaw {
        case .dropsFromDamage: "etcd#10166"
        case .servesDamage: "etcd decoder.go: type and length outside of the checksum"
        case .guessesVote: "tigerbeetle#2996"
        case .snapshotWithoutState: "etcd#11888"
        case .losesTermAndVote: "etcd#14143"
        case .losesLastEntry: "etcd#6368, camunda#30290"
        }
    }

    private static func source(of flaw: Flaw) -> String {
        switch flaw {
        case .answersBeforeFlush: "etcd#12589, etcd#14370"
        case .flushesNothing: "etcd#14143"
        case .forgetsVote: "Raft section 5.2"
        case .returnsWiped: "tigerbeetle#2996"
        case .restartsOnStaleMembership: "openraft 6c0ccaf3, matrixone#24966"
        case .appliedIndexRunsAhead: "etcd#13766"
        case .commitsWithoutQuorum: "openraft#1802"
        case .readsWithoutQuorum: "etcd#7331"
        case .leaseOutlivesPause: "tikv#10011, raft-rs#141"
        case .reusesReadNames: "etcd#21399"
        case .raisesLevelUnasked: "nomad#14819, nomad#26425"
        }
    }
}
