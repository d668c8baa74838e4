// Rare paths that a simulation should reach. A path that no seed reaches is not tested, however
// many seeds pass.

/// A path that was reached.
public enum Probe: String, Sendable, CaseIterable {
    // Elections.
    case leaderElected = "leader-elected"
    case leaderLostQuorum = "leader-lost-quorum"
    case electionUndecided = "election-undecided"
    case voteRefused = "vote-refused"
    case voteIgnoredForLeader = "vote-ignored-for-leader"
    // Replication.
    case appendRejected = "append-rejected"
    case conflictFound = "conflict-found"
    case entriesTruncated = "entries-truncated"
    case writtenEntryReplaced = "written-entry-replaced"
    case staleWriteAnswerIgnored = "stale-write-answer-ignored"
    // Network.
    case messageLost = "message-lost"
    case messageDoubled = "message-doubled"
    case messageLate = "message-late"
    case messageBlocked = "message-blocked"
    case messageOutlivedReceiver = "message-outlived-receiver"
    case partitionSymmetric = "partition-symmetric"
    case partitionAsymmetric = "partition-asymmetric"
    case leaderIsolated = "leader-isolated"
    // Membership and snapshots.
    case membershipChanged = "membership-changed"
    case membershipJoint = "membership-joint"
    case leaderRemoved = "leader-removed"
    case snapshotMade = "snapshot-made"
    case snapshotOffered = "snapshot-offered"
    case snapshotInstalled = "snapshot-installed"
    case snapshotKeptTail = "snapshot-kept-tail"
    case stateFromPeer = "state-from-peer"
    // Upgrades.
    case programUpgraded = "program-upgraded"
    case programDowngraded = "program-downgraded"
    case levelRaised = "level-raised"
    case newKindRefused = "new-kind-refused"
    case newKindApplied = "new-kind-applied"
    case newerLogMet = "newer-log-met"
    // Members and disks.
    case processKilled = "process-killed"
    case crashLoop = "crash-loop"
    case killedAsVoter = "killed-as-voter"
    case killedAsNewLeader = "killed-as-new-leader"
    case powerLost = "power-lost"
    case majorityDown = "majority-down"
    case writeTorn = "write-torn"
    case tornTailDropped = "torn-tail-dropped"
    case flushFailed = "flush-failed"
    case diskFull = "disk-full"
    case diskRotted = "disk-rotted"
    case stateRotted = "state-rotted"
    case stateRotFound = "state-rot-found"
    case damageFound = "damage-found"
    case damageRepaired = "damage-repaired"
    case diskSlow = "disk-slow"
    case diskStalled = "disk-stalled"
    case memberPaused = "member-paused"
    case leaderPaused = "leader-paused"
    case clockJumped = "clock-jumped"
    case stateRebuilt = "state-rebuilt"
    case segmentRolled = "segment-rolled"
    // Clients.
    case commandAccepted = "command-accepted"
    case commandRefused = "command-refused"
    case commandRetried = "command-retried"
    case commandHedged = "command-hedged"
    case commandAnsweredTwice = "command-answered-twice"
    case commandTimedOut = "command-timed-out"
    case notLeader = "not-leader"
    case readServedByLeader = "read-served-by-leader"
    case readServedByFollower = "read-served-by-follower"
    case readFailed = "read-failed"
    case dueActs = "due-acts"
}

/// How often each path was reached.
public struct ProbeCounts: Sendable, Equatable {
    private var counts = [UInt64](repeating: 0, count: Probe.allCases.count)

    /// Nothing reached.
    public init() {}

    /// How often a path was reached.
    public subscript(probe: Probe) -> UInt64 { counts[ProbeCounts.positions[probe] ?? 0] }

    mutating func reach(_ probe: Probe) {
        if let position = ProbeCounts.positions[probe] { counts[position] += 1 }
    }

    /// Adds another run's counts.
    public mutating func add(_ other: ProbeCounts) {
        for position in counts.indices { counts[position] += other.counts[position] }
    }

    /// Every path with its count, in the order of their declaration.
    public var all: [(probe: Probe, count: UInt64)] {
        Probe.allCases.map { ($0, self[$0]) }
    }

    /// Paths that were never reached.
    public var unreached: [Probe] { Probe.allCases.filter { self[$0] == 0 } }

    private static let positions: [Probe: Int] = {
        var positions: [Probe: Int] = [:]
        for (position, probe) in Probe.allCases.enumerated() { positions[probe] = position }
        return positions
    }()
}
