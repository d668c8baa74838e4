// Runs of the consensus core alone: no disk format, no state machine, no clients, but changes of
// membership, snapshots, compaction and every kind of option, and hundreds of seeds a second.

public import Primitives
package import Raft

/// What one seed of a group found.
public struct GroupReport: Sendable {
    /// The seed.
    public let seed: UInt64
    /// The fingerprint of everything that was applied.
    public let traceHash: UInt64
    /// The last entry that was applied.
    public let entries: UInt64
    /// How many leaders were elected.
    public let elections: Int
    /// How often a member took another membership.
    public let changes: Int
    /// How many reads were confirmed.
    public let reads: Int
    /// How many entries were made unreadable.
    public let damaged: Int
    /// Whether the group ended waiting, rightly, for a disk to be replaced: too few of its voters
    /// can say what was committed.
    public let waits: Bool
    /// How often a snapshot took the place of a damaged log's beginning and left its end.
    public let tailsKept: Int
    /// Whether the group ended without rest because a member that was voted out, and has not heard
    /// of it, raises the term, which nothing forbids where there is no pre-vote.
    public let isDisturbed: Bool
    /// What was violated; nil when all held.
    public let violation: Refusal?
}

/// Runs of groups of consensus cores.
public struct GroupRun: Sendable {
    /// A bug in the core.
    package var coreFlaw: RaftFlaw?
    /// A bug in the storage under it.
    package var storageFlaw: GroupStorage.Flaw?
    /// How many steps trouble lasts.
    public var steps = 3_000
    /// How many runs go on at once.
    public var width = 2

    /// Runs of groups as they should be.
    public init() {}

    /// Runs one seed: trouble first, then calm in which the group must serve again.
    public func run(seed: UInt64) -> GroupReport {
        var violation: Refusal?
        var waits = false
        var isDisturbed = false
        var group: GroupSimulation?
        do throws(Refusal) {
            let made = try GroupSimulation(
                seed: seed, voters: [3, 5, 4, 2][Int(seed / 4 % 4)],
                hostility: GroupRun.hostility(seed), storageFlaw: storageFlaw,
                offersSaved: seed / 8 % 2 == 1
            ) { GroupRun.configure(&$0, seed, coreFlaw) }
            group = made
            try made.run(steps: steps)
            let serves = try made.heal()
            if let broken = made.violation {
                violation = Refusal("simulation.safety", broken)
            } else if !serves, made.waitsForDisk {
                waits = true
            } else if !serves, made.isDisturbed {
                isDisturbed = true
            } else if !serves {
                violation = Refusal(
                    "simulation.liveness",
                    "the group does not serve after all trouble ended: \(made.standing)")
            }
        } catch {
            violation = error
        }
        return GroupReport(
            seed: seed, traceHash: group?.traceHash ?? 0, entries: group?.lastApplied ?? 0,
            elections: group?.elections ?? 0, changes: group?.changesApplied ?? 0,
            reads: group?.readsAnswered ?? 0, damaged: group?.damagedEntries ?? 0,
            waits: waits, tailsKept: group?.tailsKept ?? 0, isDisturbed: isDisturbed,
            violation: violation)
    }

    /// Runs the seeds; tells of each in their order, until `tell` answers false.
    public func run(_ seeds: ClosedRange<UInt64>, tell: (GroupReport) -> Bool) async {
        await SeedOrder.run(seeds, width: width, make: { [self] in run(seed: $0) }, tell: tell)
    }

    /// Always everything would hide what only shows when one trouble stands alone.
    private static func hostility(_ seed: UInt64) -> Hostility {
        var hostility = Hostility()
        switch seed % 4 {
        case 1:
            (hostility.loss, hostility.duplication, hostility.partition) = (250, 100, 20)
        case 2:
            (hostility.crash, hostility.membershipChange, hostility.compaction) = (15, 30, 30)
        case 3:
            (hostility.crash, hostility.damage) = (15, 700)
            // What is gone everywhere comes as a snapshot.
            hostility.compaction = seed / 256 % 2 == 0 ? 0 : 20
            (hostility.membershipChange, hostility.suddenDeath) = (2, 200)
        default: break
        }
        switch seed / 16 % 4 {
        case 0: (hostility.delay, hostility.pause, hostility.slowDisk) = (0, 0, 0)
        case 2: (hostility.delay, hostility.pause) = (120, 12)
        case 3: (hostility.slowDisk, hostility.suddenDeath) = (20, 200)
        default: break
        }
        return hostility
    }

    /// Elections are rare and orderly in most groups; in some they are neither.
    private static func configure(_ options: inout RaftOptions, _ seed: UInt64, _ flaw: RaftFlaw?) {
        options.flaw = flaw
        switch seed / 64 % 4 {
        case 1: options.electionTicks = 4
        case 2: (options.preVote, options.checkQuorum) = (false, false)
        // Without both and with short timeouts a member that was removed may disturb the others
        // for ever; where one of them cannot vote for want of its disk, they do not get far.
        case 3 where seed % 4 == 3: options.electionTicks = 3
        case 3: (options.preVote, options.checkQuorum, options.electionTicks) = (false, false, 3)
        default: break
        }
    }
}

/// What a range of seeds of groups found.
public struct GroupOutcome: Sendable {
    /// How many seeds ran.
    public private(set) var seeds: UInt64 = 0
    /// Seeds that violated something.
    public private(set) var violations: [GroupReport] = []
    /// Entries that were applied.
    public private(set) var entries: UInt64 = 0
    /// How many leaders were elected.
    public private(set) var elections = 0
    /// How often a member took another membership.
    public private(set) var changes = 0
    /// How many reads were confirmed.
    public private(set) var reads = 0
    /// How many entries were made unreadable.
    public private(set) var damaged = 0
    /// Snapshots that took the place of a damaged log's beginning and left its end.
    public private(set) var tailsKept = 0
    /// Groups that ended waiting for a disk to be replaced.
    public private(set) var waiting = 0
    /// Groups that ended disturbed by members of an earlier membership, for want of pre-vote.
    public private(set) var disturbed = 0
    private var trace = TraceHash()
    /// The fingerprint of all runs in the order of their seeds.
    public var traceText: String { trace.text }

    /// Nothing ran.
    public init() {}

    /// Adds a run; to be called in the order of the seeds.
    public mutating func add(_ report: GroupReport) {
        seeds += 1
        if report.violation != nil { violations.append(report) }
        entries += report.entries
        elections += report.elections
        changes += report.changes
        reads += report.reads
        damaged += report.damaged
        tailsKept += report.tailsKept
        if report.waits { waiting += 1 }
        if report.isDisturbed { disturbed += 1 }
        trace.add(report.seed)
        trace.add(report.traceHash)
    }
}
