// How a member stands, for operators and machines that watch.

import ControlPlane
import Platform
public import Primitives
import Raft

/// What a leader knows of another member.
public struct PeerStatus: Sendable {
    /// The seat.
    public var member: UInt64
    /// How far its log is known to match.
    public var match: UInt64
    /// How many entries it has yet to acknowledge.
    public var lag: UInt64
    /// Whether it was heard from lately.
    public var isActive: Bool
}

/// What a member knows about the cluster right now.
public struct MemberStatus: Sendable {
    /// The seat.
    public var member: UInt64
    /// `leader`, `follower`, `candidate`, ...
    public var role: String
    /// The leader's seat, as far as known.
    public var leader: UInt64?
    /// The consensus term.
    public var term: UInt64
    /// How far the log is committed.
    public var committedIndex: UInt64
    /// How far it is applied.
    public var appliedIndex: UInt64
    /// The last entry's time.
    public var now: Timestamp
    /// A digest of the whole state.
    public var stateDigest: Digest
    /// How often a leader was elected since this member started.
    public var leaderChanges: UInt64
    /// Why no leader is known, in one sentence.
    public var leaderlessReason: String?
    /// Whether this member is about to stop.
    public var isDraining: Bool
    /// The voters' names in consensus; see `MemberLife`.
    public var voterNames: [UInt64]
    /// Likewise, of those that learn.
    public var learnerNames: [UInt64]
    /// The voted change of seats that is open, if one is.
    public var seatChange: SeatChange?
    /// The feature level that the log is at.
    public var featureLevel: UInt64
    /// The first entry that the log holds.
    public var firstIndex: UInt64
    /// The last entry of the newest durable snapshot; 0 when there is none.
    public var snapshotIndex: UInt64
    /// The last entry that the history holds.
    public var historyIndex: UInt64
    /// The last entry of the log.
    public var lastIndex: UInt64
    /// How many members vote.
    public var voters: Int
    /// On a leader: the others.
    public var peers: [PeerStatus]
    /// How many inputs wait.
    public var queuedInputs: Int
    /// Whether the log's disk is stuck in one operation.
    public var isDiskStalled: Bool
    /// Free bytes where the data lies.
    public var freeBytes: UInt64
    /// The size of the state's database.
    public var databaseBytes: UInt64
    /// How many opaque puts were applied, in a deployment that takes them.
    public var benchPuts: UInt64?
}

extension ClusterMember {
    /// How things stand.
    public func status() -> MemberStatus {
        let core = engine.core
        let machine = engine.machine
        // The state's digest is kept up to date as rows are written.
        engine.writeState()
        let status = core.status
        let others = status.progress.ids.filter { $0 != settings.consensusID }
        let peers = others.compactMap { id -> PeerStatus? in
            guard let progress = status.progress[id] else { return nil }
            let lag = status.lastIndex - min(status.lastIndex, progress.match)
            return PeerStatus(
                member: MemberLife.seat(of: id), match: progress.match, lag: lag,
                isActive: progress.isRecentlyActive)
        }
        let database = try? FileDescriptor.open(settings.dataFolder + "/state.sqlite", 0).size()
        return MemberStatus(
            member: settings.seat.id, role: "\(core.role)",
            leader: core.leader.map(MemberLife.seat(of:)), term: core.term,
            committedIndex: core.committedIndex, appliedIndex: machine.appliedIndex,
            now: machine.now, stateDigest: machine.stateDigest,
            leaderChanges: engine.leaderChanges, leaderlessReason: leaderlessReason(),
            isDraining: isDraining, voterNames: status.configuration.state.voters,
            learnerNames: status.configuration.state.learners,
            seatChange: seatChange(), featureLevel: machine.featureLevel,
            firstIndex: log.firstIndex,
            snapshotIndex: snapshots.newest?.index ?? 0, historyIndex: history.lastIndex,
            lastIndex: status.lastIndex, voters: status.configuration.voters.voters.count,
            peers: peers, queuedInputs: queuedInputs,
            isDiskStalled: metrics.disk.isStuck(for: settings.stallMilliseconds),
            freeBytes: (try? Machine.freeBytes(at: settings.dataFolder)) ?? 0,
            databaseBytes: database ?? 0,
            benchPuts: machine.takesPuts ? machine.benchCount : nil)
    }
}
