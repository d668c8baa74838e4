// Giving leadership away in order: before a stop, and when an operator asks.

import ControlPlane
import Logging
import Primitives
import Raft

extension ClusterMember {
    /// How long one successor is given.
    private static let transferPatience = Duration.seconds(2)
    /// How long commands in flight are waited for.
    private static let drainPatience = Duration.seconds(5)

    /// Makes another member lead; gives who leads then.
    ///
    /// - Parameter target: the successor; nil takes the voter whose log reaches furthest.
    /// - Throws: `cluster.no-successor` when nobody can lead instead, `cluster.no-leader`,
    ///   `member.unknown` for a target that does not vote, `cluster.transfer-failed` when it did
    ///   not take over in time.
    func transferLeadership(to target: UInt64? = nil) async throws(Refusal) -> UInt64 {
        let core = engine.core
        guard let leader = core.leader else {
            throw Refusal("cluster.no-leader", "no leader is known right now; try again")
        }
        var wanted: UInt64?
        if let target {
            wanted = core.configuration.state.voters.first { MemberLife.seat(of: $0) == target }
            guard let wanted else {
                throw Refusal("member.unknown", "there is no voting member \(target)")
            }
            if leader == wanted { return target }
            // Commands would wait in vain for as long as the attempt lasts.
            let isReached = peers?.connectedLives.contains(wanted) == true
            guard isReached || wanted == settings.consensusID else {
                throw Refusal(
                    "cluster.transfer-failed",
                    "member \(target) cannot be reached right now, so it cannot lead: start it"
                        + " first, or name another")
            }
        }
        guard let successor = wanted ?? bestSuccessor() else {
            throw Refusal("cluster.no-successor", "no other member can lead: none is up to date")
        }
        inbox.put(.transferLeadership(to: successor))
        let end = ContinuousClock.now + ClusterMember.transferPatience
        while ContinuousClock.now < end {
            if let leader = engine.core.leader, leader == successor {
                return MemberLife.seat(of: successor)
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw Refusal(
            "cluster.transfer-failed",
            "member \(MemberLife.seat(of: successor)) did not take over in time")
    }

    /// The other voter whose log reaches furthest, as the leader knows.
    private func bestSuccessor() -> UInt64? {
        let status = engine.core.status
        let connected = Set(peers?.connectedLives ?? [])
        var best: (id: UInt64, match: UInt64)?
        for id in status.configuration.state.voters where id != status.id {
            guard let progress = status.progress[id], progress.isRecentlyActive,
                connected.contains(id)
            else { continue }
            if best == nil || progress.match > best?.match ?? 0 { best = (id, progress.match) }
        }
        return best?.id
    }

    /// Refuses to stop where that would leave too few members to decide anything
    /// (`cluster.quorum`); one that is alone, or has no leader, is missed by nobody.
    func checkDrain() throws(Refusal) {
        let core = engine.core
        let voters = core.configuration.state.voters
        guard core.leader != nil, voters.count > 1, voters.contains(core.id) else { return }
        let connected = Set(peers?.connectedLives ?? [])
        let others = voters.filter { $0 != core.id }
        let left = others.filter(connected.contains)
        let majority = voters.count / 2 + 1
        guard left.count < majority else { return }
        let absent = others.filter { !connected.contains($0) }.map(MemberLife.words)
        throw Refusal(
            "cluster.quorum",
            "without this member \(left.count) of \(voters.count) members are left and \(majority)"
                + " are needed: start member \(absent.joined(separator: ", ")) first, or stop it"
                + " all the same with --anyway")
    }

    /// Prepares for a stop: leads no more, and answers what it took. From now on `/readyz` says no,
    /// and commands that still come are passed on to the new leader.
    func drain() async {
        isDraining = true
        for _ in 0..<2 where engine.isLeader {
            do throws(Refusal) {
                let successor = try await transferLeadership()
                logger.notice("leadership handed over", metadata: ["to": "\(successor)"])
            } catch {
                logger.notice("leadership not handed over", metadata: ["why": "\(error.message)"])
                guard error.code == "cluster.transfer-failed" else { break }
            }
        }
        let end = ContinuousClock.now + ClusterMember.drainPatience
        while engine.hasWaitingCommands, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Why no leader is known, in one sentence; nil when one is.
    func leaderlessReason() -> String? {
        let core = engine.core
        guard core.leader == nil else { return nil }
        let state = core.configuration.state
        return LeaderSearch(
            own: core.id, voters: state.voters, outgoing: state.votersOutgoing,
            connected: Set(peers?.connectedLives ?? []), faults: peers?.faults ?? [:],
            isStanding: core.role == .candidate || core.role == .preCandidate, term: core.term,
            isImpaired: core.isImpaired, isDiskFull: metrics.disk.isFull,
            isDiskStuck: metrics.disk.isStuck(for: settings.stallMilliseconds),
            longestMilliseconds: 2 * 10 * settings.tickMilliseconds
        ).reason
    }
}
